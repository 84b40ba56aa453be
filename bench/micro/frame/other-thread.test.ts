/** A second thread runs while it is asked to, and at no other time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMainThread } from 'node:worker_threads'
import { OtherThread, serve } from './other-thread.ts'

const TURNS = 50
const THREADS = 10

function main(): void {
  test('it has run between begin and end, and rests afterwards', async () => {
    const count = new Int32Array(new SharedArrayBuffer(4))
    const other = await OtherThread.open(import.meta.url, count)
    assert.equal(Atomics.load(count, 0), 0)
    for (let turn = 0; turn < TURNS; turn++) {
      other.begin()
      Atomics.wait(count, 0, Atomics.load(count, 0), 1000)
      other.end()
      const seen = Atomics.load(count, 0)
      assert.ok(seen > 0)
      assert.equal(Atomics.wait(count, 0, seen, 0), 'timed-out')
    }
    await other.close()
  })

  test('it ends when it is closed, however soon', async () => {
    for (let i = 0; i < THREADS; i++) {
      const other = await OtherThread.open(import.meta.url, new Int32Array(new SharedArrayBuffer(4)))
      if (i % 2 === 0) {
        other.begin()
        other.end()
      }
      await other.close()
      await other.close()
    }
  })
}

if (isMainThread) main()
else
  serve<Int32Array>((count) => (times) => {
    for (let i = 0; i < times; i++) Atomics.add(count, 0, 1)
    Atomics.notify(count, 0)
  })

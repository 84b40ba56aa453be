/** A ring between two threads: what comes out is whole and in order, also of writers that are killed at any instruction. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { Outbox } from '../../src/base/outbox.ts'
import { LogRingReader, LogRingWriter, makeLogRing } from '../../src/state/logs/log-ring.ts'

const SIZE = 64 * 1024
const RECORDS = 300_000
const KILLS = 12
const SINK = 2

interface Order {
  readonly ring: SharedArrayBuffer
  readonly writer: number
  /** 0: until it is killed. */
  readonly records: number
}

/** Each record says who wrote it and its number, and has a length and bytes that follow from these. */
function serve({ ring, writer, records }: Order): void {
  const end = new LogRingWriter(ring)
  const out = new Outbox()
  out.reserve(3000)
  for (let i = 0; records === 0 || i < records; i++) {
    const length = lengthOf(i)
    out.bytes.writeInt32LE(writer, 0)
    out.bytes.writeInt32LE(i, 4)
    out.bytes.fill(i & 255, 8, length)
    out.used = length
    while (!end.write(SINK, out, 1)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
  }
}

const lengthOf = (i: number): number => 8 + ((i * 7919) % 2900)

class Check {
  readonly reader: LogRingReader
  readonly next = new Map<number, number>()
  count = 0
  #view: DataView

  constructor(ring: SharedArrayBuffer) {
    this.reader = new LogRingReader(ring)
    const { buffer, byteOffset } = this.reader.bytes
    this.#view = new DataView(buffer, byteOffset)
  }

  drain(): number {
    const { reader } = this
    const before = this.count
    while (reader.next()) {
      const writer = this.#view.getInt32(reader.start, true)
      const number = this.#view.getInt32(reader.start + 4, true)
      assert.equal(reader.sink, SINK)
      assert.equal(number, this.next.get(writer) ?? 0, 'nothing is missing, and nothing comes twice')
      assert.equal(reader.end - reader.start, lengthOf(number))
      for (let at = reader.start + 8; at < reader.end; at += 97)
        assert.ok(reader.bytes[at] === (number & 255))
      this.next.set(writer, number + 1)
      this.count++
      reader.release()
    }
    return this.count - before
  }
}

function open(order: Order): Worker {
  return new Worker(fileURLToPath(import.meta.url), { workerData: order })
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

if (!isMainThread) serve(workerData as Order)
else {
  test('two threads: every record comes out once, whole and in order', { timeout: 120_000 }, async () => {
    const ring = makeLogRing(SIZE)
    const check = new Check(ring)
    const worker = open({ ring, writer: 1, records: RECORDS })
    const gone = once(worker, 'exit')
    while (check.count < RECORDS) if (check.drain() === 0) await turn()
    await gone
    assert.equal(check.drain(), 0)
  })

  test('writers are killed in the middle: what they had published is whole, and the next goes on', {
    timeout: 120_000,
  }, async () => {
    const ring = makeLogRing(SIZE)
    const check = new Check(ring)
    for (let writer = 1; writer <= KILLS; writer++) {
      const worker = open({ ring, writer, records: 0 })
      const enough = check.count + 3000 + writer * 137
      while (check.count < enough) if (check.drain() === 0) await turn()
      await worker.terminate()
      check.drain()
      assert.ok((check.next.get(writer) ?? 0) > 0)
    }
  })
}

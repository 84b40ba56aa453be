/** The state outlives kill -9, and a limit on the size of its files, in the middle of a storm of changes. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { NEVER, StateError } from '../../src/contract/machine/state-store.ts'
import { FileStore } from '../../src/store/file-store.ts'
import { HANDS } from '../kit/state-storm.ts'

const STORM = fileURLToPath(new URL('../kit/state-storm.js', import.meta.url))
const ROUNDS = 6
/** Acknowledged changes before the kill: past several snapshots. */
const CHANGES = 600

test('what was acknowledged before kill -9 is there after it, and nothing is there by half', {
  timeout: 120_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-storm-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const kept = new Map<number, number>()
  let start = 0
  for (let round = 0; round < ROUNDS; round++) {
    const child = spawn(process.execPath, [STORM, folder, String(start)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    for (const n of await killAfter(child, CHANGES + 37 * round)) {
      kept.set(n % 200, Math.max(kept.get(n % 200) ?? -1, n))
      start = Math.max(start, n + 1)
    }
    start += HANDS
    await check(folder, kept, start)
  }
})

/** The numbers it has said to be kept, the last whole line included. */
async function killAfter(child: ChildProcess, count: number): Promise<number[]> {
  let text = ''
  let lines = 0
  child.stdout!.setEncoding('latin1').on('data', (part: string) => {
    text += part
    lines += part.split('\n').length - 1
    if (lines >= count) child.kill('SIGKILL')
  })
  await once(child, 'close')
  return text.split('\n').slice(0, -1).map(Number)
}

async function check(folder: string, kept: ReadonlyMap<number, number>, end: number): Promise<void> {
  const store = await FileStore.open({ folder, bytesMax: 1 << 26, now: Date.now, log: () => {} })
  try {
    for (const [slot, least] of kept) {
      const left = await store.get(`left/${slot}`)
      const right = await store.get(`right/${slot}`)
      assert.deepEqual(left, right, `slot ${slot} is there by half`)
      const n = Number.parseInt(Buffer.from(left ?? []).toString(), 10)
      // A later change that nobody was told of may have got through.
      assert.ok(n >= least && n < end, `slot ${slot}: ${least} was acknowledged, ${n} is there`)
    }
  } finally {
    await store.close()
  }
}

test('a file that may not grow refuses changes by a clear error, and what was kept stays', {
  timeout: 60_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-small-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const limited = 'ulimit -f 64; exec "$0" "$1" "$2" fill'
  const child = spawn('sh', ['-c', limited, process.execPath, STORM, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  await once(child, 'close')
  const { kept, reason, message, k1 } = JSON.parse(text)
  assert.ok(kept > 10 && k1 === 1000)
  assert.equal(reason, 'disk')
  assert.match(message, /could not be written to .*EFBIG/)
  const store = await FileStore.open({ folder, bytesMax: 1e8, now: Date.now, log: () => {} })
  t.after(() => store.close())
  assert.equal((await store.get(`k${kept - 1}`))?.length, 1000)
  await assert.doesNotReject(store.put('more', Buffer.alloc(10), NEVER))
  assert.ok(new StateError('disk', '') instanceof Error)
})

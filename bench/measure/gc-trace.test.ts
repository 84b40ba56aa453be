/** What V8 writes of its collections is read the same from every Node, in whatever pieces it comes. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { packageRoot } from '../../src/boot/machine.ts'
import { type Collected, GC_FLAGS, GcTrace } from './gc-trace.ts'

/** Written by a program on each of them; the figures were added up by hand from `pause=` and the sizes. */
const RECORDED: readonly [string, Collected][] = [
  ['20', { collections: 5, longestPauseMs: 85.6, pausedMs: 196.3, allocatedBytes: 91_776_576 }],
  ['22', { collections: 5, longestPauseMs: 433.2, pausedMs: 438.6, allocatedBytes: 146_439_600 }],
  ['24', { collections: 4, longestPauseMs: 147.2, pausedMs: 471.2, allocatedBytes: 117_632_208 }],
]

const START = { collections: 0, allocatedBytes: 0 }

function recorded(node: string): string {
  return readFileSync(join(packageRoot(), `bench/measure/fixtures/gc-node-${node}.txt`), 'utf8')
}

function readWhole(text: string): Collected {
  const trace = new GcTrace()
  trace.feed(text)
  return rounded(trace.since(START))
}

function rounded(use: Collected): Collected {
  return { ...use, pausedMs: Math.round(use.pausedMs * 10) / 10 }
}

/** One collection of a thread. */
function line(thread: string, before: number, after: number): string {
  return `[7:${thread}]    88 ms: ${body(before, after)}`
}

function body(before: number, after: number): string {
  return `pause=1.5 mutator=2.0 gc=s total_size_before=${before} total_size_after=${after} allocated=1 promoted=0\n`
}

for (const [node, use] of RECORDED) {
  test(`collections of Node ${node} are counted with their pauses and bytes`, () => {
    assert.deepEqual(readWhole(recorded(node)), use)
  })

  test(`a trace of Node ${node} that comes byte by byte says the same`, () => {
    const trace = new GcTrace()
    for (const char of recorded(node)) trace.feed(char)
    assert.deepEqual(rounded(trace.since(START)), use)
  })
}

test('only what came after a mark is told', () => {
  const trace = new GcTrace()
  trace.feed(line('0x1', 900, 100) + line('0x1', 300, 100))
  const mark = trace.mark()
  assert.equal(trace.since(mark).collections, 0)
  trace.feed(line('0x1', 1100, 100))
  assert.deepEqual(trace.since(mark), {
    collections: 1,
    longestPauseMs: 1.5,
    pausedMs: 1.5,
    allocatedBytes: 1000,
  })
})

test('each thread has its own heap', () => {
  const text = line('0x1', 100, 50) + line('0x2', 1000, 500) + line('0x1', 150, 60) + line('0x2', 1500, 700)
  assert.equal(readWhole(text).allocatedBytes, 100 + 1000)
})

test('a log line that cuts a trace line in two changes nothing', () => {
  const whole = line('0x1', 100, 50) + line('0x1', 170, 50)
  const cut = whole.indexOf('gc=s')
  const text = `${whole.slice(0, cut)}{"msg":"ready","pauseMs":5}\n${whole.slice(cut)}`
  assert.deepEqual(readWhole(text), readWhole(whole))
})

test('two threads that write into each other’s lines are not taken for one', () => {
  const before = line('0x1', 100, 50) + line('0x2', 9000, 8000)
  const mixed = `[7:0x1] 90 ms: [7:0x2] 90 ms: ${body(150, 50)}${body(9100, 8000)}`
  const after = line('0x1', 100, 50) + line('0x2', 9000, 8000) + line('0x1', 250, 50)
  const { collections, allocatedBytes } = readWhole(before + mixed + after)
  assert.equal(collections, 7)
  assert.equal(allocatedBytes, 200)
})

test('what no collection wrote counts nothing', () => {
  assert.equal(readWhole('ready\n{"pause":3}\nallocated=5 \n').collections, 0)
})

/** A ring of arrays, in the main thread and in a worker: 848 bytes each, a header of 32 and elements of 16 + 100 × 8. */
const KNOWN = `
import { Worker, isMainThread } from 'node:worker_threads'
const ring = []
for (let i = 0; i < 200000; i++) ring[i & 63] = new Array(100).fill(i)
if (isMainThread) new Worker(new URL('data:text/javascript,' + encodeURIComponent(process.env.MAKE)))`

// One after the other: where lines of two run into each other an interval is left out, and how many is chance.
test('a program that allocates 170 MB in each of two threads is found to', () => {
  const worker = KNOWN.replace(/^if .*$/m, '')
  const { stdout } = spawnSync(
    process.execPath,
    [...GC_FLAGS, '--max-semi-space-size=1', '--input-type=module', '-e', KNOWN],
    { encoding: 'utf8', env: { ...process.env, MAKE: worker }, maxBuffer: 1 << 26 },
  )
  const { collections, allocatedBytes } = readWhole(stdout)
  assert.ok(collections > 100, `${collections} collections`)
  const expected = 2 * 200_000 * 848
  assert.ok(Math.abs(allocatedBytes / expected - 1) < 0.05, `${allocatedBytes} of ${expected} bytes`)
})

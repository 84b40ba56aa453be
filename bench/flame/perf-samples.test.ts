/** What perf and strace print is read right: where the time is, and how many calls there were. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cpuOf } from '../measure/proc.ts'
import { listeningPorts } from './open-inspector.ts'
import { sumSamples } from './perf-samples.ts'
import { readCounts } from './syscalls.ts'

const READ = `        5581 uv__read (/usr/bin/node)
        5582 uv_run (/usr/bin/node)`
const FLUSH = '        11aa JS:*flush file:///opt/sluice/dist/src/socket/socket-writer.js:43:10 ([JIT] tid 7)'

function sample(thread: number, frames: string): string {
  return `    ${thread}\n${frames}\n${READ}\n`
}

const lines: Record<string, string> = {
  'kernel: writing': `ffffffff81 tcp_sendmsg ([kernel.kallsyms])
        ffffffff82 ksys_write ([kernel.kallsyms])
        7f01 __GI___libc_write (/usr/lib/libc.so.6)
${FLUSH}`,
  'Node and libuv, native: writing': `7f01 __GI___libc_write (/usr/lib/libc.so.6)
        7f02 node::StreamBase::WriteBuffer(v8::FunctionCallbackInfo<v8::Value> const&) (/usr/bin/node)
${FLUSH}`,
  'Node and libuv, native: reading and calling back': '7f03 node::InternalMakeCallback (/usr/bin/node)',
  'Node and libuv, native: called by JavaScript': `7f04 __memmove_avx (/usr/lib/libc.so.6)
${FLUSH}`,
  'JavaScript of Sluice: gathering and sending': `7f05 Builtins_CreateTypedArray (/usr/bin/node)
${FLUSH}`,
  'JavaScript of Sluice: codec':
    '7f06 JS:*#parseFields file:///a/dist/src/http1/head.js:117:17 ([JIT] tid 7)',
  'JavaScript of Node: streams and timers':
    '7f07 JS:*onStreamRead node:internal/stream_base_commons:168:22 ([JIT] tid 7)',
  'V8: garbage collection': '7f08 v8::internal::Heap::CollectGarbage(int) (/usr/bin/node)',
}

for (const [area, frames] of Object.entries(lines)) {
  test(`a stack is told as ${area}`, () => {
    const [row] = sumSamples(sample(7, `        ${frames}`))
    assert.equal(`${row?.kind}: ${row?.name}`, area)
  })
}

test('only the busiest thread is looked into; the others are one row', () => {
  const kernel = `        ${lines['kernel: writing']}`
  const rows = sumSamples(
    [sample(7, kernel), sample(8, kernel), sample(7, kernel), sample(7, kernel)].join('\n'),
  )
  assert.deepEqual(
    rows.map(({ kind, share }) => [kind, share]),
    [
      ['kernel', 0.75],
      ['other threads', 0.25],
    ],
  )
})

test('system calls are counted with and without errors, and their sum is not one of them', () => {
  const counts = readCounts(`strace: Process 7 attached
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 74.39    1.179841        8308       142        21 futex
  8.69    0.137850          10     12849           write
------ ----------- ----------- --------- --------- ----------------
100.00    1.317691         101     12991        21 total`)
  assert.deepEqual(
    [...counts],
    [
      ['futex', 142],
      ['write', 12_849],
    ],
  )
})

test('the CPU time of a thread is read past a name with spaces and parentheses', () => {
  const stat = `7 (a (b) c) S ${Array.from({ length: 10 }, () => 0).join(' ')} 150 25 0 0`
  assert.deepEqual(cpuOf(stat), { userUs: 1_500_000, systemUs: 250_000 })
})

test('only ports of the process itself, on 127.0.0.1, are taken for its inspector', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  inode
   0: 0100007F:2405 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 111 1
   1: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 222 1
   2: 00000000:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 111 1
   3: 0100007F:2406 0100007F:1F40 01 00000000:00000000 00:00000000 00000000 0 0 111 1`
  assert.deepEqual(listeningPorts(table, new Set(['socket:[111]'])), [0x2405])
})

/**
 * limiter — what a check of a limit costs, alone and with a second thread on the same key, and beside a peer.
 *
 *     node dist/bench/micro/limiter.bench.js
 *
 * Times are nanoseconds of the clock a check. "same key" has two threads that do nothing else, which no gateway does;
 * "other keys" is the same with a key each. Time goes on by fractions of a millisecond, but for "whole milliseconds".
 *
 * The groups named "key as text" begin with a text, as a plugin has it, and hash it each time, beside
 * rate-limiter-flexible in memory. That counts for one thread only; it reads the clock itself, answers a promise
 * for an object that says what is left, and sets a timer for each new key. Ours counts for all threads, hashes the
 * text under a secret key, and is handed the time, which the gateway reads once a turn. "refused" is over the limit
 * from the start.
 */
import { isMainThread } from 'node:worker_threads'
import { Fingerprint } from '../../src/base/fingerprint.ts'
import { FixedWindows } from '../../src/state/fixed-windows.ts'
import { KeyTable, makeKeyBuffer } from '../../src/state/key-table.ts'
import type { Bench, Case } from './frame/bench.ts'
import { OtherThread, serve } from './frame/other-thread.ts'
import { runAlone } from './frame/run.ts'
import { KINDS, type Kind, LimiterLoops, type LoopsAsk, makeAsk } from './limiter-loops.ts'
import { openFlexible } from './peers/rate-limiter-flexible.ts'

const SLOTS = 4096
const MANY_SLOTS = 16_384
/** A power of two. */
const MANY_KEYS = 4096
const CAP_MAX = 0x7fffffff
const NOW_S = 1000

export const bench: Bench = {
  name: 'limiter',
  says: 'one check of one key against its limit',
  groups: [
    ...KINDS.map((kind) => ({ name: kind, clock: 'wall' as const, open: () => openKind(kind) })),
    { name: 'key as text, 1 key', open: () => openText(1, CAP_MAX) },
    { name: 'key as text, 4,096 keys', open: () => openText(MANY_KEYS, CAP_MAX) },
    { name: 'key as text, refused', open: () => openText(1, 1) },
  ],
}

async function openKind(kind: Kind): Promise<Case[]> {
  const buffer = makeKeyBuffer(SLOTS, 1, 2)
  const make = (keyText: string, isFractional: boolean): LoopsAsk => ({
    buffer,
    owner: 1,
    kind,
    keyText,
    isFractional,
  })
  const loops = new LimiterLoops(make('a', true))
  const whole = new LimiterLoops(make('whole', false))
  const run = (times: number): number => loops.run(times)
  return [
    { name: 'alone', run },
    { name: 'alone, whole milliseconds', run: (times) => whole.run(times) },
    await openBoth('same key', run, { ...make('a', true), owner: 2 }),
    await openBoth('other keys', run, { ...make('b', true), owner: 3 }),
  ]
}

async function openBoth(name: string, run: (times: number) => number, ask: LoopsAsk): Promise<Case> {
  const other = await OtherThread.open(import.meta.url, ask)
  return { name, run, begin: () => other.begin(), end: () => other.end(), close: () => other.close() }
}

function openText(keys: number, cap: number): Case[] {
  const texts = Array.from({ length: keys }, (_, i) => `ip 203.0.${i >> 8}.${i & 255} of route 8f14e45f`)
  return [{ name: 'sluice', run: textRun(texts, cap) }, openFlexible(texts, cap)]
}

function textRun(texts: readonly string[], cap: number): (times: number) => number {
  const table = new KeyTable(makeKeyBuffer(MANY_SLOTS, 1, 2), 1)
  const fixed = new FixedWindows(table)
  const key = new Fingerprint()
  const ask = makeAsk(1, cap)
  const mask = texts.length - 1
  return (times) => {
    let refused = 0
    for (let i = 0; i < times; i++) {
      key.setText(table.seedA, table.seedB, texts[i & mask]!)
      if (fixed.take(key, ask, 1, NOW_S) >= 0) refused++
    }
    if (cap > 1 && refused > 0) throw new Error('the limit was reached')
    return refused
  }
}

if (isMainThread) await runAlone(bench, import.meta.url)
else
  serve<LoopsAsk>((ask) => {
    const loops = new LimiterLoops(ask)
    return (times) => loops.run(times)
  })

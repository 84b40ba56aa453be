/**
 * allocation — the bytes one run puts on V8's heap, and those it takes outside of it for buffers.
 *
 * V8 says at any time how many bytes of each space are taken, exactly. The growth over so many runs that no
 * collection falls among them, less the growth over none, is what the runs allocated: garbage and what stays alike.
 * That there was no collection is checked; where even one run brings one, there is no figure. Machine code is not
 * counted.
 */
import { GCProfiler, getHeapSpaceStatistics } from 'node:v8'
import type { Case } from './bench.ts'
import { collectYoung } from './collect.ts'
import { medianOf } from './spread.ts'
import { answered } from './stretch.ts'

export interface Allocation {
  readonly heap: number
  /** Memory of buffers that V8 knows of: ArrayBuffers. */
  readonly outside: number
}

/** A quarter of what the young generation holds when a process starts. */
const BYTES_WANTED = 256 * 1024
const TIMES_MAX = 20_000
const SAMPLES = 9
const NOT_COUNTED = /code|read_only|shared/

/** `times` bounds how long it takes: at most so many runs in a row. Null where collections can't be kept out. */
export async function allocationOf(one: Case, times: number): Promise<Allocation | null> {
  one.begin?.()
  try {
    const count = await findCount(one, Math.min(TIMES_MAX, Math.max(1, times)))
    return count === 0 ? null : await sample(one, count)
  } finally {
    one.end?.()
  }
}

/** So many runs that they allocate much and are not collected; 0 where one is too many. */
async function findCount(one: Case, most: number): Promise<number> {
  let count = 1
  if ((await growth(one, count)) === null) return 0
  while (count * 2 <= most) {
    const grown = await growth(one, count * 2)
    if (grown === null) return Math.ceil(count / 2)
    count *= 2
    if (grown.heap > BYTES_WANTED / 2) break
  }
  return count
}

async function sample(one: Case, count: number): Promise<Allocation | null> {
  const operations = count * (one.pack ?? 1)
  const heaps: number[] = []
  const outsides: number[] = []
  for (let i = 0; i < SAMPLES; i++) {
    const none = await growth(one, 0)
    const many = await growth(one, count)
    if (none === null || many === null) continue
    heaps.push((many.heap - none.heap) / operations)
    outsides.push((many.outside - none.outside) / operations)
  }
  if (heaps.length <= SAMPLES / 2) return null
  return { heap: Math.max(0, medianOf(heaps)), outside: Math.max(0, medianOf(outsides)) }
}

/** Null when something was collected meanwhile. */
async function growth(one: Case, count: number): Promise<Allocation | null> {
  const profiler = new GCProfiler()
  collectYoung()
  profiler.start()
  const outside = process.memoryUsage().arrayBuffers
  const heap = takenBytes()
  const answer = one.run(count)
  answered.sum += typeof answer === 'number' ? answer : await answer
  const grown = { heap: takenBytes() - heap, outside: process.memoryUsage().arrayBuffers - outside }
  return profiler.stop().statistics.length === 0 ? grown : null
}

function takenBytes(): number {
  let sum = 0
  for (const space of getHeapSpaceStatistics())
    if (!NOT_COUNTED.test(space.space_name)) sum += space.space_used_size
  return sum
}

/** stretch — times many runs of one case in a row, and finds how many make a stretch that is long enough. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Case, ClockName } from './bench.ts'
import { collectYoung } from './collect.ts'

/** A guess from a shorter stretch is at most so much too long. */
const GROWTH_MAX = 16

/** Of a look whether the process is idle, and how much of it may be busy. */
const LOOK_MS = 3
const BUSY_SHARE = 0.3
const LOOKS_MAX = 2000

/** What all runs answered: it must reach somewhere, or the compiler may leave the runs out. */
export const answered = { sum: 0 }

/** Nanoseconds that `times` runs take. The young generation is emptied before: garbage is its maker's cost. */
export async function timeStretch(one: Case, clock: ClockName, times: number): Promise<number> {
  collectYoung()
  one.begin?.()
  const started = readNs(clock)
  const answer = one.run(times)
  answered.sum += typeof answer === 'number' ? answer : await answer
  const took = readNs(clock) - started
  one.end?.()
  return took
}

/** How many runs take `ms`, having run for that long at least, so that what is hot is compiled. */
export async function findTimes(one: Case, clock: ClockName, ms: number): Promise<number> {
  const enough = ms * 1e6
  let times = 1
  for (;;) {
    const took = await timeStretch(one, clock, times)
    if (took >= enough) return times
    const guess = took > 0 ? (times * enough * 1.2) / took : times * GROWTH_MAX
    times = Math.ceil(Math.min(Math.max(guess, times + 1), times * GROWTH_MAX))
  }
}

/**
 * Waits until no other thread of the process is at work: a function of megabytes, which one case had compiled, may keep
 * the compiler busy for seconds, and would be counted with the case that runs meanwhile.
 */
export async function settle(): Promise<void> {
  for (let look = 0; look < LOOKS_MAX; look++) {
    const before = readNs('cpu')
    await sleep(LOOK_MS)
    if (readNs('cpu') - before < LOOK_MS * BUSY_SHARE * 1e6) return
  }
}

function readNs(clock: ClockName): number {
  if (clock === 'wall') return performance.now() * 1e6
  const { user, system } = process.cpuUsage()
  return (user + system) * 1000
}

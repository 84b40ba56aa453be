/** The clock of a thread: monotonic, and the same in all threads, whose `performance.now()` start apart. */
import { Clock } from '../../base/clock.ts'

/** A thread may be put aside between two readings: the least time between them of so many tries counts. */
const TRIES = 16

export function openClock(): Clock {
  let apart = -Infinity
  for (let i = 0; i < TRIES; i++) {
    const [seconds, nanoseconds] = process.hrtime()
    apart = Math.max(apart, seconds * 1000 + nanoseconds / 1e6 - performance.now())
  }
  return new Clock(
    () => performance.now() + apart,
    () => Date.now(),
  )
}

/** A timer that keeps nothing alive, as a function that calls it off. */
export function callLater(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms).unref()
  return () => clearTimeout(timer)
}

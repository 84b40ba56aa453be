/** The clock of a thread: monotonic, and the same in all threads, whose `performance.now()` start apart. */
import { Clock } from '../../base/clock.ts'

export function openClock(): Clock {
  const [seconds, nanoseconds] = process.hrtime()
  const apart = seconds * 1000 + nanoseconds / 1e6 - performance.now()
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

/**
 * log-bell — wakes the log thread when it sleeps; while it is at work nobody rings.
 *
 * WHAT    | sleeps |   one int32: 1 while the log thread sleeps or is about to
 *
 *         The log thread sets it, looks once more into all rings, and sleeps. A worker publishes its record, then looks
 *         at the word. So one of the two always sees the other.
 *
 * WRITES  The log thread to 1; whoever rings from 1 to 0, by compare-and-exchange: one notification a sleep.
 *
 * LIMITS  A worker that is killed between the two steps of a ring leaves the log thread asleep with nobody ringing: the
 *         log thread looks by itself once a second.
 *
 * HOT     `ring` runs behind each record: a load.
 */
const SLEEPS = 0

export function makeLogBell(): SharedArrayBuffer {
  return new SharedArrayBuffer(64)
}

/** As ES2024 has it; the libraries TypeScript is told of do not. */
type WaitAsync = (
  words: Int32Array,
  index: number,
  value: number,
) =>
  | { readonly async: false; readonly value: 'not-equal' | 'timed-out' }
  | { readonly async: true; readonly value: Promise<'ok' | 'timed-out'> }

// See WaitAsync.
const waitAsync = (Atomics as unknown as { readonly waitAsync: WaitAsync }).waitAsync

export class LogBell {
  readonly #words: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer)
  }

  ring(): void {
    if (Atomics.load(this.#words, SLEEPS) === 0) return
    if (Atomics.compareExchange(this.#words, SLEEPS, 1, 0) === 1) Atomics.notify(this.#words, SLEEPS)
  }

  /** From now on whoever has something rings. */
  prepareSleep(): void {
    Atomics.store(this.#words, SLEEPS, 1)
  }

  stayAwake(): void {
    Atomics.store(this.#words, SLEEPS, 0)
  }

  /** Calls back at the ring, or at once if it has been. */
  sleep(wake: () => void): void {
    const waited = waitAsync(this.#words, SLEEPS, 1)
    if (waited.async) void waited.value.then(wake)
    else wake()
  }
}

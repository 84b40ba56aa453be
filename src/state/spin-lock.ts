/**
 * spin-lock — a lock in one shared word, for updates of a few dozen nanoseconds that no single word could hold.
 *
 * WHAT    The word is 0 while free, else the holder's id + 1. A thread that finds it taken looks again SPINS times with
 *         growing rests, and then sleeps a millisecond at a time, so that a holder that lost its core gets it back.
 *
 * WRITES  Any thread, by compareExchange; the holder alone writes what the lock guards. When a worker has died the
 *         primary frees what it held (`freeHeldBy`).
 *
 * LIMITS  Not fair: under contention the thread whose core has the memory goes on, which is what makes it cheap. A
 *         holder that nobody frees while a waiter slept PATIENCE_MS times is taken for dead, and the lock goes to the
 *         waiter: the primary itself may be the one that waits for a dead worker. A thread that is stopped for so long
 *         inside its few instructions, by a debugger say, could then undo an update. What the lock guards is written in
 *         an order that leaves every prefix usable.
 *
 * HOT     Taken once a limited request: one compareExchange and one store while nobody else wants it.
 */
const SPINS = 32
/** Turns of an empty loop, a third of a nanosecond each: to look at the word costs its holder far more. */
const REST_MIN = 1024
const REST_MAX = 8192
const PATIENCE_MS = 2000

/** Counted while resting, so that no compiler takes the loop for empty. */
let rested = 0

/** `mine`: the thread's id + 1. Must not be held by this thread already. */
export function lock(words: Int32Array, at: number, mine: number): void {
  if (Atomics.compareExchange(words, at, 0, mine) !== 0) lockSlowly(words, at, mine)
}

export function unlock(words: Int32Array, at: number): void {
  Atomics.store(words, at, 0)
}

function lockSlowly(words: Int32Array, at: number, mine: number): void {
  for (let spin = 0, rest = REST_MIN; spin < SPINS; spin++) {
    for (let i = 0; i < rest; i++) rested = (rested + 1) | 0
    if (Atomics.load(words, at) === 0 && Atomics.compareExchange(words, at, 0, mine) === 0) return
    if (rest < REST_MAX) rest *= 2
  }
  lockAsleep(words, at, mine)
}

function lockAsleep(words: Int32Array, at: number, mine: number): void {
  let holder = 0
  for (let waitedMs = 0; ; ) {
    const seen = Atomics.compareExchange(words, at, 0, mine)
    if (seen === 0) return
    if (seen !== holder) waitedMs = 0
    holder = seen
    if (waitedMs >= PATIENCE_MS && Atomics.compareExchange(words, at, holder, mine) === holder) return
    if (Atomics.wait(words, at, holder, 1) === 'timed-out') waitedMs++
  }
}

/** By the primary, after worker `owner` has died. */
export function freeHeldBy(words: Int32Array, at: number, owner: number): boolean {
  return Atomics.compareExchange(words, at, owner + 1, 0) === owner + 1
}

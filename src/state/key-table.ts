/**
 * key-table — what limits know of each key, in memory that all threads share and that never grows.
 *
 * WHAT    One SharedArrayBuffer of int32 words in lines of 16 (64 bytes): a header, a line for each stripe of 32 slots,
 *         and the slots. A key is a fingerprint of 64 bits, compared in full. A mix of it picks the stripe and the slot
 *         where the search begins; it goes round the stripe until it finds the key or an empty slot.
 *
 *           header    | slots | seedA | seedB | ...
 *           stripe    | lock | tick: uses of the stripe | evicted | ...                          a line a stripe
 *           slot      | fpA | fpB | used: tick of its last use | untilS | 12 words of state |    32 a stripe
 *
 *         An empty slot has fpA = fpB = 0 (a key that has so is known as 0, 1), and none becomes empty again. A slot is
 *         expired SLACK_S after untilS: its state is then as good as none, and the next key that needs room gets it. A
 *         stripe full of slots in use gives up the one used longest ago, and counts that in `evicted`.
 *
 * WRITES  Any thread, holding the stripe's lock. A slot changes hands in this order: expired, state zeroed, fpA, fpB. A
 *         thread that dies in between leaves a fingerprint that nobody has, or the old key without its counts.
 *
 * LIMITS  A stripe can fill while others have room: with slots for twice the live keys, one key in 10,000 meets a full
 *         stripe. Seconds and ticks are compared by their difference in int32, so they may wrap.
 *
 * HOT     `hold` and `release` run once a limited request. No allocation, no clock read: the time comes in.
 */
import { freeHeldBy, lock, unlock } from './spin-lock.ts'

export const SLOT_BYTES = 64
/** One stripe. */
export const SLOTS_MIN = 32
const SLOTS_MAX = 2 ** 24

const LINE = 16
const STRIPE_SHIFT = 9
const HOME_SHIFT = 27
const HOME_MASK = SLOTS_MIN - 1

/** Words of the header. */
const SLOTS = 0
const SEED_A = 1
const SEED_B = 2
/** Words of a stripe's line; the lock is the first. */
const TICK = 1
const EVICTED = 2
/** Words of a slot; the fingerprint is the first two. */
const USED = 2
const UNTIL = 3
const STATE = 4

/** Threads read their clocks once a turn, so one may still count in what is over for another. */
const SLACK_S = 2

/** `slots`: a power of two, SLOTS_MIN or more. The seeds are for the fingerprints of all threads. */
export function makeKeyBuffer(slots: number, seedA: number, seedB: number): SharedArrayBuffer {
  const isPowerOfTwo = Number.isInteger(Math.log2(slots))
  if (!isPowerOfTwo || slots < SLOTS_MIN || slots > SLOTS_MAX)
    throw new RangeError(`slots must be a power of two from ${SLOTS_MIN} to ${SLOTS_MAX}, not ${slots}`)
  const buffer = new SharedArrayBuffer(SLOT_BYTES * (1 + slots / SLOTS_MIN + slots))
  const words = new Int32Array(buffer)
  words[SLOTS] = slots
  words[SEED_A] = seedA
  words[SEED_B] = seedB
  return buffer
}

export class KeyTable {
  readonly words: Int32Array
  /** The same memory: word `at` is the lower half of double `at >> 1` where `at` is even, as that of a state is. */
  readonly doubles: Float64Array
  readonly seedA: number
  readonly seedB: number
  readonly slots: number
  readonly #locks: Int32Array
  readonly #mine: number
  readonly #stripeMask: number
  readonly #slotsAt: number

  /** `owner`: 0 in the primary, the worker's id in a worker. */
  constructor(buffer: SharedArrayBuffer, owner: number) {
    this.words = new Int32Array(buffer)
    this.doubles = new Float64Array(buffer)
    this.slots = this.words[SLOTS]!
    this.seedA = this.words[SEED_A]!
    this.seedB = this.words[SEED_B]!
    const stripes = this.slots / SLOTS_MIN
    this.#locks = new Int32Array(buffer)
    this.#mine = owner + 1
    this.#stripeMask = stripes - 1
    this.#slotsAt = LINE * (1 + stripes)
  }

  /**
   * The key's slot, made if it has none: the index of its state's first word. The stripe is locked until `release`,
   * and the thread must hold no other key meanwhile.
   */
  hold(a: number, halfB: number, nowS: number): number {
    const b = (a | halfB) === 0 ? 1 : halfB
    const mixed = mix(a, b)
    const line = LINE + (mixed & this.#stripeMask) * LINE
    lock(this.#locks, line, this.#mine)
    const words = this.words
    let at = this.#seek(mixed, a, b)
    if (at < 0) at = this.#hand(this.#place(mixed, line, nowS), a, b, nowS)
    else if (((nowS - words[at + UNTIL]!) | 0) > SLACK_S) this.#clear(at, nowS)
    const tick = (words[line + TICK]! + 1) | 0
    words[line + TICK] = tick
    words[at + USED] = tick
    return at + STATE
  }

  /** As hold, but a key without a slot, or with an expired one, gets none: -1, and nothing is locked. */
  find(a: number, halfB: number, nowS: number): number {
    const b = (a | halfB) === 0 ? 1 : halfB
    const mixed = mix(a, b)
    const line = LINE + (mixed & this.#stripeMask) * LINE
    lock(this.#locks, line, this.#mine)
    const at = this.#seek(mixed, a, b)
    if (at >= 0 && ((nowS - this.words[at + UNTIL]!) | 0) <= SLACK_S) return at + STATE
    unlock(this.#locks, line)
    return -1
  }

  /** The held slot's state matters until then. A new slot that is released without this is free at once. */
  keepUntil(at: number, untilS: number): void {
    this.words[at + (UNTIL - STATE)] = untilS
  }

  /** As keepUntil, but what was promised before holds: others may count in longer windows under the same key. */
  keepAtLeast(at: number, untilS: number): void {
    const until = at + (UNTIL - STATE)
    if (((untilS - this.words[until]!) | 0) > 0) this.words[until] = untilS
  }

  release(at: number): void {
    unlock(this.#locks, LINE + ((at - this.#slotsAt) >> STRIPE_SHIFT) * LINE)
  }

  /** By the primary, when worker `owner` has died and before another has its id. Answers how many locks it held. */
  forget(owner: number): number {
    let freed = 0
    for (let line = LINE; line < this.#slotsAt; line += LINE)
      if (freeHeldBy(this.#locks, line, owner)) freed++
    return freed
  }

  /** Keys that lost their state before its time, for want of room. Counts on past 2^32 from 0. */
  get evicted(): number {
    let sum = 0
    for (let line = LINE; line < this.#slotsAt; line += LINE) sum += this.words[line + EVICTED]!
    return sum >>> 0
  }

  /** Slots that have ever been used: a count over the whole table, for whoever shows it. */
  get entries(): number {
    let count = 0
    for (let at = this.#slotsAt; at < this.words.length; at += LINE)
      if ((this.words[at]! | this.words[at + 1]!) !== 0) count++
    return count
  }

  /** The key's slot, or -1. */
  #seek(mixed: number, a: number, b: number): number {
    const words = this.words
    const first = this.#slotsAt + ((mixed & this.#stripeMask) << STRIPE_SHIFT)
    for (let i = mixed >>> HOME_SHIFT, end = i + SLOTS_MIN; i < end; i++) {
      const at = first + (i & HOME_MASK) * LINE
      const fpA = words[at]!
      const fpB = words[at + 1]!
      if (fpA === a && fpB === b) return at
      if ((fpA | fpB) === 0) return -1
    }
    return -1
  }

  /** Room for a new key: the first slot on its way that is empty or expired, else the one used longest ago. */
  #place(mixed: number, line: number, nowS: number): number {
    const words = this.words
    const first = this.#slotsAt + ((mixed & this.#stripeMask) << STRIPE_SHIFT)
    const tick = words[line + TICK]!
    let oldest = first
    let oldestAge = -1
    for (let i = mixed >>> HOME_SHIFT, end = i + SLOTS_MIN; i < end; i++) {
      const at = first + (i & HOME_MASK) * LINE
      if ((words[at]! | words[at + 1]!) === 0 || ((nowS - words[at + UNTIL]!) | 0) > SLACK_S) return at
      const age = (tick - words[at + USED]!) >>> 0
      if (age > oldestAge) {
        oldest = at
        oldestAge = age
      }
    }
    words[line + EVICTED] = (words[line + EVICTED]! + 1) | 0
    return oldest
  }

  #hand(at: number, a: number, b: number, nowS: number): number {
    this.#clear(at, nowS)
    this.words[at] = a
    this.words[at + 1] = b
    return at
  }

  #clear(at: number, nowS: number): void {
    const words = this.words
    words[at + UNTIL] = (nowS - SLACK_S - 1) | 0
    for (let i = at + STATE; i < at + LINE; i++) words[i] = 0
  }
}

/** Where a key lives must not follow from the bits that tell it from others in the same place. */
function mix(a: number, b: number): number {
  let mixed = Math.imul(a, 0x9e3779b1) ^ b
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

/**
 * breaker — a circuit breaker that all workers share: closed, open after too many failures, half-open for probes.
 *
 * WHAT    Part of an upstream's row (upstream-state.ts draws the whole). `gate` holds the state and a generation that
 *         grows with each change. While closed the gate itself is the ticket of who is admitted, and a verdict counts
 *         only while the gate still is what its ticket says: what was sent before an opening judges nothing after it.
 *
 *           gate      | generation 29 | closed 0, open 1, half-open 2 |
 *           tickets   | generation 29 | 00 | of an admitted request       | serial 25 | place 4 | 01 | of a probe
 *
 *           line 0    | lock | gate | failures in a row, with generation | good probes | openings | serial |
 *                     | owners | - | refused until (double) | opened |
 *           places    16 x | lapses at (double) | serial | owner | gate | answering |    a probe each; serial 0: free
 *           an owner  8 words of others | closed gate its counts are of, in words 4 |
 *                     8 x | sub-window | judged | failed |                           written by that owner alone
 *
 *         Closed: it opens when a failure is the last of `consecutiveFailures` in a row, over all workers, or when a
 *         failure finds at least `minimumRequests` judged in the window and `failurePercent` of them failed. The window
 *         is the sub-window that now lies in and the seven before it: 7/8 to 8/8 of windowMs. Only a failure opens.
 *         Open: refuses for openMs, twice as long for each opening since it was last closed, up to openMsMax.
 *         Half-open: from the first request after that. At most `probesMax` probes are under way; `successesToClose`
 *         good ones close it and one bad one opens it again. A stream may never end: a probe that was `answering` when
 *         its place lapsed is a good one, once the next probe is answered too.
 *
 * WRITES  `gate`, places and times: any thread, under the lock. Failures in a row: any thread, by compareExchange.
 *
 * LIMITS  A probe's place lapses openMs (at least a second) after it was given, and the primary gives back those of a
 *         dead worker (`forgetProbes`), so half-open can't last. Until then a place counts, also one of an earlier
 *         half-open. No more than PLACES probes at once; no more than 65535 failures in a row.
 *
 * HOT     `admit` while closed is one load. `report` while closed writes the owner's own lines, and a shared word only
 *         where a failure came or has just ended. Refusals take no lock.
 */
import type { Rows } from './rows.ts'
import { freeHeldBy, lock, unlock } from './spin-lock.ts'

export interface BreakerSettings {
  readonly windowMs: number
  readonly minimumRequests: number
  /** 0: the share of failures never opens it. */
  readonly failurePercent: number
  /** 0: failures in a row never open it. */
  readonly consecutiveFailures: number
  readonly openMs: number
  readonly openMsMax: number
  readonly probesMax: number
  readonly successesToClose: number
}

/** The one ticket below 0. */
export const REFUSED = -1

export const CIRCUIT_CLOSED = 0
export const CIRCUIT_OPEN = 1
export const CIRCUIT_HALF_OPEN = 2

/** What `report` answers: one thread is told of a change. */
export const STAYED = 0
export const OPENED = 1
export const RECLOSED = 2

const STATE = 3
const GATE_MASK = 0x7ffffffc
const PROBE = 1
const SERIAL_MAX = 0x1ffffff

/** Where in the row the breaker begins; the words before it are the upstream's. */
const START = 16
const LOCK = START
const GATE = START + 1
const RUN = START + 2
const GOOD = START + 3
const OPENINGS = START + 4
const SERIAL = START + 5
const OWNERS = START + 6
const REFUSED_UNTIL = START + 8
const OPENED_TOTAL = START + 10

const PLACES_AT = START + 16
const PLACES = 16
const PLACE_WORDS = 6
const PLACE_LAPSES = 0
const PLACE_SERIAL = 2
const PLACE_OWNER = 3
const PLACE_GATE = 4
const PLACE_ANSWERING = 5

/** Where the owners' parts begin. */
export const OWNERS_AT = PLACES_AT + PLACES * PLACE_WORDS
export const OWNER_WORDS = 32
const COUNTS_GATE = 4
const COUNTS_AT = 8
const COUNTS_WORDS = 3
const SUB_WINDOWS = 8
const JUDGED = 1
const FAILED = 2

const LEASE_MS_MIN = 1000
const DOUBLINGS_MAX = 30
const RUN_MAX = 0xffff
const RUN_LABEL = 0x7fff

export function isProbe(ticket: number): boolean {
  return ticket >= 0 && (ticket & PROBE) !== 0
}

export class Breaker {
  readonly #words: Int32Array
  readonly #doubles: Float64Array
  readonly #at: number
  readonly #owner: number
  readonly #own: number

  /** `at`: the upstream's row. */
  constructor(words: Int32Array, doubles: Float64Array, at: number, owner: number) {
    this.#words = words
    this.#doubles = doubles
    this.#at = at
    this.#owner = owner
    this.#own = at + OWNERS_AT + owner * OWNER_WORDS
    // So that a failure adds up the counts of those owners only that have ever been here.
    for (let seen = Atomics.load(words, at + OWNERS); seen <= owner; )
      seen = Atomics.compareExchange(words, at + OWNERS, seen, owner + 1)
  }

  get state(): number {
    return Atomics.load(this.#words, this.#at + GATE) & STATE
  }

  /** How often it has opened since the row was made, from half-open too. */
  get opened(): number {
    return Atomics.load(this.#words, this.#at + OPENED_TOTAL) >>> 0
  }

  /** A ticket for `report` or `abandon`, or REFUSED. */
  admit(nowMs: number, settings: BreakerSettings): number {
    // Read plainly, as Atomics.load is a call: where it matters it is read again under the lock.
    const gate = this.#words[this.#at + GATE]!
    if ((gate & STATE) === CIRCUIT_CLOSED) return gate
    if (nowMs < this.#doubles[(this.#at + REFUSED_UNTIL) >> 1]!) return REFUSED
    lock(this.#words, this.#at + LOCK, this.#owner + 1)
    const ticket = this.#admitProbe(nowMs, settings)
    unlock(this.#words, this.#at + LOCK)
    return ticket
  }

  /** How what `ticket` let in ended. Answers STAYED, OPENED or RECLOSED. */
  report(nowMs: number, settings: BreakerSettings, ticket: number, isGood: boolean): number {
    if (ticket < 0) return STAYED
    if ((ticket & PROBE) !== 0) return this.#reportProbe(nowMs, settings, ticket, isGood)
    if (this.#words[this.#at + GATE] !== ticket) return STAYED
    if (settings.failurePercent > 0) this.#count(nowMs, settings, ticket, isGood)
    if (isGood) {
      if (settings.consecutiveFailures > 0) this.#endRun(ticket)
      return STAYED
    }
    const isTooMany = this.#isRunFull(settings, ticket) || this.#isShareFull(nowMs, settings, ticket)
    return isTooMany ? this.#openFrom(nowMs, settings, ticket) : STAYED
  }

  /** The head that `ticket`, a probe's, was answered with is no failure; its body may go on for long. */
  answering(nowMs: number, settings: BreakerSettings, ticket: number): number {
    const words = this.#words
    let change = STAYED
    lock(words, this.#at + LOCK, this.#owner + 1)
    const own = this.#placeAt((ticket >>> 2) & (PLACES - 1))
    if (words[own + PLACE_SERIAL] === ticket >>> 6) words[own + PLACE_ANSWERING] = 1
    const gate = Atomics.load(words, this.#at + GATE)
    for (let place = 0; place < PLACES && change === STAYED; place++)
      if (this.#isLongAnswer(nowMs, this.#placeAt(place), gate)) {
        words[this.#placeAt(place) + PLACE_SERIAL] = 0
        change = this.#countGood(settings, gate)
      }
    unlock(words, this.#at + LOCK)
    return change
  }

  #isLongAnswer(nowMs: number, at: number, gate: number): boolean {
    if (this.#words[at + PLACE_SERIAL] === 0 || this.#words[at + PLACE_GATE] !== gate) return false
    return this.#words[at + PLACE_ANSWERING] === 1 && this.#doubles[(at + PLACE_LAPSES) >> 1]! <= nowMs
  }

  /** What `ticket` let in ended without a verdict: a probe's place is free for another. */
  abandon(ticket: number): void {
    if (!isProbe(ticket)) return
    lock(this.#words, this.#at + LOCK, this.#owner + 1)
    this.#leavePlace(ticket)
    unlock(this.#words, this.#at + LOCK)
  }

  /** How long REFUSED is sure to be the answer; 0: it need not be. In half-open a probe's end may come sooner. */
  retryAfterMs(nowMs: number): number {
    if (this.state === CIRCUIT_CLOSED) return 0
    return Math.max(0, this.#doubles[(this.#at + REFUSED_UNTIL) >> 1]! - nowMs)
  }

  /** Under the lock, in open or half-open. */
  #admitProbe(nowMs: number, settings: BreakerSettings): number {
    const words = this.#words
    let gate = Atomics.load(words, this.#at + GATE)
    if ((gate & STATE) === CIRCUIT_CLOSED) return gate
    if (nowMs < this.#doubles[(this.#at + REFUSED_UNTIL) >> 1]!) return REFUSED
    if ((gate & STATE) === CIRCUIT_OPEN) {
      words[this.#at + GOOD] = 0
      gate = this.#setGate(gate, CIRCUIT_HALF_OPEN)
    }
    const place = this.#findPlace(nowMs, settings)
    return place < 0 ? REFUSED : this.#takePlace(place, gate, nowMs + leaseMs(settings))
  }

  /** A free place, or -1. Says until when there will be none once this one is taken. */
  #findPlace(nowMs: number, settings: BreakerSettings): number {
    let free = -1
    let lapsed = -1
    let taken = 0
    let soonest = nowMs + leaseMs(settings)
    for (let place = 0; place < PLACES; place++) {
      const at = this.#placeAt(place)
      const lapses = this.#doubles[(at + PLACE_LAPSES) >> 1]!
      if (this.#words[at + PLACE_SERIAL] === 0) free = free < 0 ? place : free
      else if (lapses <= nowMs) lapsed = lapsed < 0 ? place : lapsed
      else {
        taken++
        soonest = Math.min(soonest, lapses)
      }
    }
    const places = Math.min(PLACES, Math.max(1, settings.probesMax))
    this.#doubles[(this.#at + REFUSED_UNTIL) >> 1] = taken + 1 >= places ? soonest : 0
    if (taken >= places) return -1
    // The outcome of one that lapsed counts as long as its place is not needed.
    return free >= 0 ? free : lapsed
  }

  /** The serial comes last: it makes the place a taken one. */
  #takePlace(place: number, gate: number, lapsesMs: number): number {
    const words = this.#words
    const at = this.#placeAt(place)
    const serial = (words[this.#at + SERIAL]! % SERIAL_MAX) + 1
    words[this.#at + SERIAL] = serial
    this.#doubles[(at + PLACE_LAPSES) >> 1] = lapsesMs
    words[at + PLACE_OWNER] = this.#owner
    words[at + PLACE_GATE] = gate
    words[at + PLACE_ANSWERING] = 0
    words[at + PLACE_SERIAL] = serial
    return (serial << 6) | (place << 2) | PROBE
  }

  /** The gate that the probe went through, or -1 when its place lapsed and is another's by now. */
  #leavePlace(ticket: number): number {
    const words = this.#words
    const at = this.#placeAt((ticket >>> 2) & (PLACES - 1))
    if (words[at + PLACE_SERIAL] !== ticket >>> 6) return -1
    words[at + PLACE_SERIAL] = 0
    if (this.state === CIRCUIT_HALF_OPEN) this.#doubles[(this.#at + REFUSED_UNTIL) >> 1] = 0
    return words[at + PLACE_GATE]!
  }

  #reportProbe(nowMs: number, settings: BreakerSettings, ticket: number, isGood: boolean): number {
    const words = this.#words
    let change = STAYED
    lock(words, this.#at + LOCK, this.#owner + 1)
    const gate = Atomics.load(words, this.#at + GATE)
    if (this.#leavePlace(ticket) === gate)
      change = isGood ? this.#countGood(settings, gate) : this.#open(nowMs, settings, gate)
    unlock(words, this.#at + LOCK)
    return change
  }

  #countGood(settings: BreakerSettings, gate: number): number {
    const words = this.#words
    const good = words[this.#at + GOOD]! + 1
    words[this.#at + GOOD] = good
    if (good < settings.successesToClose) return STAYED
    words[this.#at + OPENINGS] = 0
    this.#setGate(gate, CIRCUIT_CLOSED)
    return RECLOSED
  }

  #openFrom(nowMs: number, settings: BreakerSettings, ticket: number): number {
    let change = STAYED
    lock(this.#words, this.#at + LOCK, this.#owner + 1)
    if (Atomics.load(this.#words, this.#at + GATE) === ticket) change = this.#open(nowMs, settings, ticket)
    unlock(this.#words, this.#at + LOCK)
    return change
  }

  /** Under the lock. The gate comes last: until then the time only stands for the state there was. */
  #open(nowMs: number, settings: BreakerSettings, gate: number): number {
    const words = this.#words
    const openings = words[this.#at + OPENINGS]!
    const openMs = Math.min(settings.openMs * 2 ** openings, Math.max(settings.openMs, settings.openMsMax))
    this.#doubles[(this.#at + REFUSED_UNTIL) >> 1] = nowMs + openMs
    words[this.#at + OPENINGS] = Math.min(openings + 1, DOUBLINGS_MAX)
    words[this.#at + OPENED_TOTAL] = words[this.#at + OPENED_TOTAL]! + 1
    this.#setGate(gate, CIRCUIT_OPEN)
    return OPENED
  }

  #setGate(gate: number, state: number): number {
    const next = ((gate + STATE + 1) & GATE_MASK) | state
    Atomics.store(this.#words, this.#at + GATE, next)
    return next
  }

  #placeAt(place: number): number {
    return this.#at + PLACES_AT + place * PLACE_WORDS
  }

  /** In the owner's own lines: plain stores, but for those that others judge by. */
  #count(nowMs: number, settings: BreakerSettings, ticket: number, isGood: boolean): void {
    const words = this.#words
    if (words[this.#own + COUNTS_GATE] !== ticket) this.#startCounts(ticket)
    const window = subWindow(nowMs, settings)
    const at = this.#own + COUNTS_AT + (window & (SUB_WINDOWS - 1)) * COUNTS_WORDS
    if (words[at] !== window) {
      words[at + JUDGED] = 0
      words[at + FAILED] = 0
      Atomics.store(words, at, window)
    }
    words[at + JUDGED] = words[at + JUDGED]! + 1
    if (!isGood) Atomics.store(words, at + FAILED, words[at + FAILED]! + 1)
  }

  #startCounts(ticket: number): void {
    const from = this.#own + COUNTS_AT
    this.#words.fill(0, from, from + SUB_WINDOWS * COUNTS_WORDS)
    Atomics.store(this.#words, this.#own + COUNTS_GATE, ticket)
  }

  #isShareFull(nowMs: number, settings: BreakerSettings, ticket: number): boolean {
    if (settings.failurePercent <= 0) return false
    const words = this.#words
    const window = subWindow(nowMs, settings)
    const owners = Atomics.load(words, this.#at + OWNERS)
    let judged = 0
    let failed = 0
    for (let owner = 0; owner < owners; owner++) {
      const own = this.#at + OWNERS_AT + owner * OWNER_WORDS
      if (Atomics.load(words, own + COUNTS_GATE) !== ticket) continue
      for (let i = 0; i < SUB_WINDOWS; i++) {
        const at = own + COUNTS_AT + i * COUNTS_WORDS
        // Another worker's clock may be a turn ahead: a sub-window later than this one's counts as well.
        if (Math.abs((window - Atomics.load(words, at)) | 0) >= SUB_WINDOWS) continue
        failed += Atomics.load(words, at + FAILED)
        judged += Atomics.load(words, at + JUDGED)
      }
    }
    return judged >= settings.minimumRequests && failed * 100 >= settings.failurePercent * judged
  }

  /** One more failure in a row, of this generation; what an older one left in the word counts for nothing. */
  #isRunFull(settings: BreakerSettings, ticket: number): boolean {
    const limit = settings.consecutiveFailures
    if (limit <= 0) return false
    const words = this.#words
    const label = labelOf(ticket)
    for (;;) {
      const seen = Atomics.load(words, this.#at + RUN)
      if (Atomics.load(words, this.#at + GATE) !== ticket) return false
      const run = Math.min((seen & ~RUN_MAX) === label ? (seen & RUN_MAX) + 1 : 1, RUN_MAX)
      if (Atomics.compareExchange(words, this.#at + RUN, seen, label | run) === seen) return run >= limit
    }
  }

  #endRun(ticket: number): void {
    const words = this.#words
    const label = labelOf(ticket)
    for (;;) {
      const seen = words[this.#at + RUN]!
      if ((seen & RUN_MAX) === 0 || (seen & ~RUN_MAX) !== label) return
      if (Atomics.compareExchange(words, this.#at + RUN, seen, label) === seen) return
    }
  }
}

/** By `rows.owner`, the primary, after `dead` has died: the lock if it held it, and its probes' places. */
export function forgetProbes(rows: Rows, at: number, dead: number): void {
  const words = rows.words
  freeHeldBy(words, at + LOCK, dead)
  lock(words, at + LOCK, rows.owner + 1)
  for (let place = 0; place < PLACES; place++) {
    const from = at + PLACES_AT + place * PLACE_WORDS
    if (words[from + PLACE_OWNER] === dead) words[from + PLACE_SERIAL] = 0
  }
  if ((Atomics.load(words, at + GATE) & STATE) === CIRCUIT_HALF_OPEN)
    rows.doubles[(at + REFUSED_UNTIL) >> 1] = 0
  unlock(words, at + LOCK)
}

function leaseMs(settings: BreakerSettings): number {
  return Math.max(settings.openMs, LEASE_MS_MIN)
}

function subWindow(nowMs: number, settings: BreakerSettings): number {
  return ((nowMs * SUB_WINDOWS) / settings.windowMs) | 0
}

function labelOf(ticket: number): number {
  return ((ticket >>> 2) & RUN_LABEL) << 16
}

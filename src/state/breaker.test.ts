/** The breaker against a plain one that keeps lists, and against what breakers are known to get wrong. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  Breaker,
  type BreakerSettings,
  CIRCUIT_CLOSED,
  CIRCUIT_HALF_OPEN,
  CIRCUIT_OPEN,
  forgetProbes,
  isProbe,
  OPENED,
  OWNER_WORDS,
  OWNERS_AT,
  RECLOSED,
  REFUSED,
  STAYED,
} from './breaker.ts'
import { makeRowBuffer, Rows } from './rows.ts'
import { lock } from './spin-lock.ts'

const OWNERS = 3
const LOCK_AT = 16

const SETTINGS: BreakerSettings = {
  windowMs: 8000,
  minimumRequests: 4,
  failurePercent: 50,
  consecutiveFailures: 0,
  openMs: 5000,
  openMsMax: 15_000,
  probesMax: 2,
  successesToClose: 3,
}
const IN_ROW: BreakerSettings = { ...SETTINGS, failurePercent: 0, consecutiveFailures: 3 }
const TWO_GOOD: BreakerSettings = { ...IN_ROW, successesToClose: 2 }

interface Circuit {
  readonly rows: Rows
  readonly at: number
  readonly threads: Breaker[]
}

function makeCircuit(): Circuit {
  const width = OWNERS_AT + OWNERS * OWNER_WORDS
  const rows = new Rows(makeRowBuffer({ rows: 1, width, owners: OWNERS, seedA: 0, seedB: 0 }), 0)
  const at = rows.claim(1, 1)
  const threads = [0, 1, 2].map((owner) => new Breaker(rows.words, rows.doubles, at, owner))
  return { rows, at, threads }
}

/** One request that ends at once. */
function send(breaker: Breaker, nowMs: number, settings: BreakerSettings, isGood: boolean): number {
  return breaker.report(nowMs, settings, breaker.admit(nowMs, settings), isGood)
}

/** Opened at `nowMs` by failures in a row. */
function makeOpen(nowMs: number): Circuit {
  const circuit = makeCircuit()
  for (let i = 0; i < 3; i++) send(circuit.threads[i % OWNERS]!, nowMs, IN_ROW, false)
  assert.equal(circuit.threads[0]!.state, CIRCUIT_OPEN)
  return circuit
}

test('failures in a row that different workers see open it, and a success between them does not', () => {
  const [one, two, three] = makeCircuit().threads
  const results = [false, false, true, false, false, false].map((isGood, i) =>
    send([one!, two!, three!][i % 3]!, i, IN_ROW, isGood),
  )
  assert.deepEqual(results, [STAYED, STAYED, STAYED, STAYED, STAYED, OPENED])
  assert.equal(one!.admit(6, IN_ROW), REFUSED)
})

test('a share of failures over all workers opens it, once enough requests were judged', () => {
  const [one, two] = makeCircuit().threads
  assert.equal(send(one!, 1, SETTINGS, false), STAYED)
  assert.equal(send(two!, 1, SETTINGS, true), STAYED)
  assert.equal(send(one!, 1, SETTINGS, true), STAYED)
  assert.equal(send(two!, 1, SETTINGS, false), OPENED)
})

test('failures that have left the window are no reason to open', () => {
  const [one, two] = makeCircuit().threads
  for (let i = 0; i < 3; i++) send(one!, 500, SETTINGS, false)
  assert.equal(send(two!, 8500, SETTINGS, false), STAYED)
  for (let i = 0; i < 2; i++) send(one!, 8500, SETTINGS, true)
  assert.equal(send(two!, 9000, SETTINGS, false), OPENED)
})

test('it refuses for its time, says how long that is, and then asks with probes', () => {
  const [one, two] = makeOpen(100).threads
  assert.equal(one!.retryAfterMs(1100), 4000)
  assert.equal(two!.admit(5099.9, IN_ROW), REFUSED)
  assert.equal(two!.retryAfterMs(5100), 0)
  assert.ok(isProbe(two!.admit(5100, IN_ROW)))
  assert.equal(one!.state, CIRCUIT_HALF_OPEN)
})

test('half-open lets no more than its probes through at once, however many ask', () => {
  const { threads } = makeOpen(0)
  const tickets = Array.from({ length: 30 }, (_, i) => threads[i % OWNERS]!.admit(5000, IN_ROW))
  assert.equal(tickets.filter(isProbe).length, 2)
  assert.equal(tickets.filter((ticket) => ticket === REFUSED).length, 28)
  threads[0]!.report(5001, IN_ROW, tickets.find(isProbe)!, true)
  const more = Array.from({ length: 30 }, (_, i) => threads[i % OWNERS]!.admit(5001, IN_ROW))
  assert.equal(more.filter(isProbe).length, 1)
})

test('good probes close it, and it then admits all', () => {
  const [one, two] = makeOpen(0).threads
  assert.equal(send(one!, 5000, IN_ROW, true), STAYED)
  assert.equal(send(two!, 5000, IN_ROW, true), STAYED)
  assert.equal(send(one!, 5000, IN_ROW, true), RECLOSED)
  assert.equal(two!.state, CIRCUIT_CLOSED)
  for (let i = 0; i < 2; i++) assert.equal(send(two!, 5001, IN_ROW, false), STAYED)
  assert.equal(send(one!, 5001, IN_ROW, false), OPENED)
})

test('a bad probe opens it for twice as long, to the longest time, and closing forgets that', () => {
  const [one] = makeOpen(0).threads
  let nowMs = 0
  for (const openMs of [5000, 10_000, 15_000, 15_000]) {
    assert.equal(one!.retryAfterMs(nowMs), openMs)
    nowMs += openMs
    assert.equal(send(one!, nowMs, IN_ROW, false), OPENED)
  }
  nowMs += 15_000
  for (let i = 0; i < 3; i++) send(one!, nowMs, IN_ROW, true)
  for (let i = 0; i < 3; i++) send(one!, nowMs, IN_ROW, false)
  assert.equal(one!.retryAfterMs(nowMs), 5000)
  assert.equal(one!.opened, 6, 'the first, four by bad probes, and the last')
})

test('requests sent before it opened judge nothing when they end after it closed', () => {
  const [one, two] = makeCircuit().threads
  const late = Array.from({ length: 9 }, () => two!.admit(0, IN_ROW))
  for (let i = 0; i < 3; i++) send(one!, 0, IN_ROW, false)
  for (const ticket of late.slice(0, 3)) assert.equal(two!.report(1, IN_ROW, ticket, true), STAYED)
  assert.equal(one!.state, CIRCUIT_OPEN)
  for (let i = 0; i < 3; i++) send(one!, 5000, IN_ROW, true)
  for (const ticket of late.slice(3)) assert.equal(two!.report(5001, IN_ROW, ticket, false), STAYED)
  assert.equal(one!.state, CIRCUIT_CLOSED)
})

test('each closed time counts for itself: nothing is added to it, and late verdicts take nothing from it', () => {
  const [one] = makeCircuit().threads
  const late = one!.admit(0, SETTINGS)
  for (let i = 0; i < 4; i++) send(one!, 0, SETTINGS, false)
  for (let i = 0; i < 3; i++) send(one!, 5000, SETTINGS, true)
  for (let i = 0; i < 3; i++) assert.equal(send(one!, 5000, SETTINGS, false), STAYED)
  assert.equal(one!.report(5000, SETTINGS, late, true), STAYED)
  assert.equal(send(one!, 5000, SETTINGS, false), OPENED)
})

test('a late probe of an earlier half-open judges nothing in a later one', () => {
  const [one, two] = makeOpen(0).threads
  const late = one!.admit(5000, IN_ROW)
  send(two!, 5000, IN_ROW, false)
  assert.ok(isProbe(two!.admit(15_000, IN_ROW)))
  assert.equal(one!.report(15_001, IN_ROW, late, false), STAYED)
  assert.equal(one!.state, CIRCUIT_HALF_OPEN)
})

test('half-open never gets stuck: probes that never end give their places back', () => {
  const { threads } = makeOpen(0)
  const lost = threads.slice(0, 2).map((thread) => thread.admit(5000, IN_ROW))
  assert.ok(lost.every(isProbe))
  assert.equal(threads[2]!.admit(9999, IN_ROW), REFUSED)
  assert.equal(threads[2]!.retryAfterMs(9999), 1)
  const later = [0, 1, 2].map((i) => threads[i]!.admit(10_000, IN_ROW))
  assert.deepEqual(later.map(isProbe), [true, true, false])
})

test('a probe slower than its place is good for is heard all the same, while its place is nobody else’s', () => {
  const { threads } = makeOpen(0)
  const [slow, lost] = [0, 1].map((i) => threads[i]!.admit(5000, TWO_GOOD))
  for (let nowMs = 10_000; nowMs <= 40_000; nowMs += 5000)
    for (const thread of threads) thread.admit(nowMs, TWO_GOOD)
  assert.equal(threads[0]!.report(40_001, TWO_GOOD, slow!, true), STAYED)
  assert.equal(threads[1]!.report(40_001, TWO_GOOD, lost!, true), RECLOSED)
})

test('a probe whose place is another’s by now judges nothing and frees nothing', () => {
  const one = makeOpen(0).threads[0]!
  const lost = one.admit(5000, IN_ROW)
  for (let nowMs = 10_000; nowMs <= 45_000; nowMs += 5000)
    for (let i = 0; i < 2; i++) one.admit(nowMs, IN_ROW)
  assert.equal(one.report(45_001, IN_ROW, lost, false), STAYED)
  assert.equal(one.admit(45_001, IN_ROW), REFUSED)
})

test('probes whose answers go on for ever close it, once a later one is answered as well', () => {
  const { threads } = makeOpen(0)
  for (const i of [0, 1]) {
    const stream = threads[i]!.admit(5000, TWO_GOOD)
    assert.equal(threads[i]!.answering(5100, TWO_GOOD, stream), STAYED)
  }
  const next = threads[2]!.admit(10_000, TWO_GOOD)
  assert.equal(isProbe(next), true)
  assert.equal(threads[2]!.answering(10_001, TWO_GOOD, next), RECLOSED)
  assert.equal(threads[0]!.state, CIRCUIT_CLOSED)
})

test('a place lapses after a second at the earliest, so that short openings do not flood', () => {
  const brief = { ...IN_ROW, openMs: 10, openMsMax: 10, probesMax: 1 }
  const [one, two] = makeCircuit().threads
  for (let i = 0; i < 3; i++) send(one!, 0, brief, false)
  assert.ok(isProbe(one!.admit(10, brief)))
  assert.equal(two!.admit(1009, brief), REFUSED)
  assert.ok(isProbe(two!.admit(1010, brief)))
})

test('probes still under way from an earlier half-open take places in the next', () => {
  const brief = { ...IN_ROW, openMs: 10, openMsMax: 10 }
  const [one, two] = makeCircuit().threads
  for (let i = 0; i < 3; i++) send(one!, 0, brief, false)
  const slow = one!.admit(10, brief)
  send(two!, 10, brief, false)
  assert.ok(isProbe(two!.admit(20, brief)))
  assert.equal(two!.admit(20, brief), REFUSED)
  one!.report(21, brief, slow, true)
  assert.ok(isProbe(two!.admit(21, brief)))
})

test('a probe that ends without a verdict frees its place and changes nothing', () => {
  const [one] = makeOpen(0).threads
  for (let i = 0; i < 50; i++) {
    const ticket = one!.admit(5000, IN_ROW)
    assert.ok(isProbe(ticket))
    one!.abandon(ticket)
    one!.abandon(ticket)
  }
  assert.equal(one!.state, CIRCUIT_HALF_OPEN)
  assert.equal(one!.report(5001, IN_ROW, one!.admit(5001, IN_ROW), false), OPENED)
})

test('a worker that dies with probes under way, or with the lock, holds nothing up', () => {
  const { rows, at, threads } = makeOpen(0)
  for (let i = 0; i < 2; i++) threads[1]!.admit(5000, IN_ROW)
  assert.equal(threads[2]!.admit(5001, IN_ROW), REFUSED)
  lock(rows.words, at + LOCK_AT, 2)
  forgetProbes(rows, at, 1)
  assert.ok(isProbe(threads[2]!.admit(5001, IN_ROW)))
})

test('giving back what a dead worker held does not end an opening early', () => {
  const { rows, at, threads } = makeOpen(0)
  forgetProbes(rows, at, 1)
  assert.equal(threads[2]!.admit(4999, IN_ROW), REFUSED)
})

test('with both rules off nothing opens it', () => {
  const [one] = makeCircuit().threads
  const off = { ...SETTINGS, failurePercent: 0 }
  for (let i = 0; i < 1000; i++) assert.equal(send(one!, i, off, false), STAYED)
})

test('no more than sixteen probes are under way, whatever the settings say, and none is no choice', () => {
  for (const [probesMax, places] of [
    [1000, 16],
    [0, 1],
  ] as const) {
    const [one] = makeOpen(0).threads
    const tickets = Array.from({ length: 40 }, () => one!.admit(5000, { ...IN_ROW, probesMax }))
    assert.equal(tickets.filter(isProbe).length, places)
  }
})

const settings = fc.record({
  windowMs: fc.constantFrom(80, 8000),
  minimumRequests: fc.integer({ min: 1, max: 6 }),
  failurePercent: fc.constantFrom(0, 0.1, 34, 50, 100),
  consecutiveFailures: fc.nat(4),
  openMs: fc.constantFrom(50, 1500),
  openMsMax: fc.constantFrom(50, 4000),
  probesMax: fc.integer({ min: 1, max: 4 }),
  successesToClose: fc.integer({ min: 1, max: 4 }),
})
const act = fc.record({
  does: fc.constantFrom('admit', 'admit', 'answer', 'good', 'bad', 'bad', 'abandon', 'die', 'wait'),
  owner: fc.nat(OWNERS - 1),
  which: fc.nat(20),
  waitMs: fc.constantFrom(1, 7, 11, 60, 999, 1000, 1700),
})

test('any order of requests, verdicts, losses, deaths and waits goes as in a breaker that keeps lists', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200 }), settings, (acts, set) => {
      const { rows, at, threads } = makeCircuit()
      const plain = new PlainBreaker(set)
      const under: { ticket: number; request: PlainRequest; owner: number }[] = []
      let nowMs = 1000
      for (const { does, owner, which, waitMs } of acts) {
        const thread = threads[owner]!
        const one = under[which % Math.max(1, under.length)]
        if (does === 'wait') nowMs += waitMs
        else if (does === 'die') {
          forgetProbes(rows, at, owner)
          plain.die(owner)
        } else if (does === 'admit') {
          const request = plain.admit(nowMs, owner)
          const ticket = thread.admit(nowMs, set)
          assert.equal(ticket === REFUSED, request === null)
          if (request === null) continue
          assert.equal(isProbe(ticket), request.isProbe)
          under.push({ ticket, request, owner })
        } else if (does === 'answer') {
          if (one?.request.isProbe !== true) continue
          const told = threads[one.owner]!.answering(nowMs, set, one.ticket)
          assert.equal(told, plain.answering(nowMs, one.request))
        } else if (one !== undefined) {
          under.splice(under.indexOf(one), 1)
          if (does === 'abandon') {
            threads[one.owner]!.abandon(one.ticket)
            one.request.isUnderWay = false
          } else {
            const told = threads[one.owner]!.report(nowMs, set, one.ticket, does === 'good')
            assert.equal(told, plain.report(nowMs, one.request, does === 'good'))
          }
        }
        assert.equal(thread.state, plain.state)
      }
    }),
    { numRuns: 1500 },
  )
})

interface PlainRequest {
  readonly owner: number
  readonly isProbe: boolean
  readonly spell: number
  readonly lapsesMs: number
  isUnderWay: boolean
  isAnswering: boolean
  /** Its place went to another. */
  isLost: boolean
}

class PlainBreaker {
  readonly #set: BreakerSettings
  state = CIRCUIT_CLOSED
  #spell = 0
  #untilMs = 0
  #openings = 0
  #good = 0
  #run = 0
  #judged: { window: number; isGood: boolean }[] = []
  #probes: PlainRequest[] = []

  constructor(set: BreakerSettings) {
    this.#set = set
  }

  admit(nowMs: number, owner: number): PlainRequest | null {
    if (this.state === CIRCUIT_OPEN && nowMs >= this.#untilMs) this.#enter(CIRCUIT_HALF_OPEN)
    if (this.state === CIRCUIT_OPEN) return null
    const isProbe = this.state === CIRCUIT_HALF_OPEN
    const counting = this.#probes.filter((probe) => probe.isUnderWay && probe.lapsesMs > nowMs)
    if (isProbe && counting.length >= this.#set.probesMax) return null
    const lapsesMs = nowMs + Math.max(1000, this.#set.openMs)
    const states = { isUnderWay: true, isAnswering: false, isLost: false }
    const request = { owner, isProbe, spell: this.#spell, lapsesMs, ...states }
    if (isProbe) this.#give(request, nowMs)
    return request
  }

  /** The breaker gives the first free place, else the first lapsed one, so its loser is no longer heard. */
  #give(request: PlainRequest, nowMs: number): void {
    const free = this.#probes.findIndex((probe) => !probe.isUnderWay)
    const lapsed = this.#probes.findIndex((probe) => probe.lapsesMs <= nowMs)
    const place = free >= 0 ? free : this.#probes.length < 16 ? this.#probes.length : lapsed
    const before = this.#probes[place]
    if (before !== undefined) before.isLost = true
    this.#probes[place] = request
  }

  report(nowMs: number, request: PlainRequest, isGood: boolean): number {
    const isHeard = request.isUnderWay && !request.isLost && request.spell === this.#spell
    request.isUnderWay = false
    if (!isHeard) return STAYED
    if (request.isProbe) return this.#judgeProbe(nowMs, isGood)
    const window = Math.floor((nowMs * 8) / this.#set.windowMs)
    this.#judged.push({ window, isGood })
    this.#run = isGood ? 0 : this.#run + 1
    if (isGood) return STAYED
    const recent = this.#judged.filter((one) => one.window > window - 8)
    const failed = recent.filter((one) => !one.isGood).length
    const { failurePercent, minimumRequests, consecutiveFailures } = this.#set
    const isShareFull =
      failurePercent > 0 && recent.length >= minimumRequests && failed * 100 >= failurePercent * recent.length
    if (!isShareFull && (consecutiveFailures === 0 || this.#run < consecutiveFailures)) return STAYED
    return this.#open(nowMs)
  }

  answering(nowMs: number, request: PlainRequest): number {
    if (request.isUnderWay && !request.isLost) request.isAnswering = true
    for (const probe of this.#probes) {
      if (!probe.isUnderWay || !probe.isAnswering) continue
      if (probe.spell !== this.#spell || probe.lapsesMs > nowMs) continue
      probe.isUnderWay = false
      if (this.#judgeProbe(nowMs, true) === RECLOSED) return RECLOSED
    }
    return STAYED
  }

  die(owner: number): void {
    for (const probe of this.#probes) if (probe.owner === owner) probe.isUnderWay = false
  }

  #judgeProbe(nowMs: number, isGood: boolean): number {
    if (!isGood) return this.#open(nowMs)
    this.#good++
    if (this.#good < this.#set.successesToClose) return STAYED
    this.#enter(CIRCUIT_CLOSED)
    this.#openings = 0
    return RECLOSED
  }

  #open(nowMs: number): number {
    this.#enter(CIRCUIT_OPEN)
    const { openMs, openMsMax } = this.#set
    this.#untilMs = nowMs + Math.min(openMs * 2 ** this.#openings, Math.max(openMs, openMsMax))
    this.#openings++
    return OPENED
  }

  #enter(state: number): void {
    this.state = state
    this.#spell++
    this.#good = 0
    this.#run = 0
    this.#judged = []
  }
}

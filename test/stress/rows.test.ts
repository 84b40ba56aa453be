/** Shared rows under threads that all want the same: nothing over a limit, nothing lost, each change told once. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { type BreakerSettings, isProbe } from '../../src/state/breaker.ts'
import { makeRowBuffer, Rows } from '../../src/state/rows.ts'
import { forgetTargetShares, TargetState, targetRowWords } from '../../src/state/target-state.ts'
import { forgetUpstreamShares, UpstreamState, upstreamRowWords } from '../../src/state/upstream-state.ts'

const THREADS = 4
const OWNERS = THREADS + 1
const PLACES_MAX = 3
const PLACE_ROUNDS = 1_500_000
const REPORT_ROUNDS = 1_000_000
const CLAIM_ROUNDS = 100_000
const PROBE_ROUNDS = 1500
const PROBES_MAX = 3
const KILLS = 16
/** When the breaker that killed workers probe is half-open; it stands still, so no probe's place lapses. */
const HOLD_MS = 2000
const LIMITS = { successes: 2, httpFailures: 3, tcpFailures: 2, timeouts: 4 }
const OUTLIER = { consecutive5xx: 5, consecutiveGateway: 7, consecutiveLocal: 0, splitLocal: false }
const BREAKER: BreakerSettings = {
  windowMs: 1000,
  minimumRequests: 1,
  failurePercent: 1,
  consecutiveFailures: 0,
  openMs: 1000,
  openMsMax: 1000,
  probesMax: PROBES_MAX,
  successesToClose: 2,
}

/** Words of the tally that threads and test share. */
const OVER = 0
const TRUTH = 1
const DONE = 8
const TOLD = 16
const START = 40
const FINISHED = 41
const CLOCK = 42
const STOP = 43
const BEATS = 44

type Job = 'places' | 'reports' | 'claims' | 'probes' | 'hold'

interface Order {
  readonly job: Job
  readonly owner: number
  readonly targets: SharedArrayBuffer
  readonly upstreams: SharedArrayBuffer
  readonly tally: Int32Array
}

class Field {
  readonly tally = new Int32Array(new SharedArrayBuffer(256))
  readonly targets = makeRowBuffer({
    rows: 4,
    width: targetRowWords(OWNERS),
    owners: OWNERS,
    seedA: 1,
    seedB: 2,
  })
  readonly upstreams = makeRowBuffer({
    rows: 4,
    width: upstreamRowWords(OWNERS),
    owners: OWNERS,
    seedA: 1,
    seedB: 2,
  })
  readonly targetRows = new Rows(this.targets, 0)
  readonly upstreamRows = new Rows(this.upstreams, 0)
  readonly target = openTarget(this.targetRows)
  readonly upstream = openUpstream(this.upstreamRows)

  start(job: Job, owner: number): Worker {
    const { tally, targets, upstreams } = this
    return new Worker(fileURLToPath(import.meta.url), {
      workerData: { job, owner, targets, upstreams, tally } satisfies Order,
    })
  }

  /** All threads at one job, to its end. */
  async run(job: Job): Promise<void> {
    const workers = Array.from({ length: THREADS }, (_, i) => this.start(job, i + 1))
    await Promise.all(workers.map(ended))
  }
}

async function ended(worker: Worker): Promise<void> {
  const [code] = await once(worker, 'exit')
  assert.equal(code, 0)
}

function openTarget(rows: Rows): TargetState {
  return new TargetState(rows.words, rows.doubles, rows.claim(1, 1), rows.owner)
}

function openUpstream(rows: Rows): UpstreamState {
  return new UpstreamState(rows.words, rows.doubles, rows.claim(1, 1), rows.owner)
}

if (isMainThread) {
  test('never more than the limit is held at once, and at the end nothing is', async () => {
    const field = new Field()
    await field.run('places')
    assert.equal(field.tally[OVER], 0)
    for (let kind = 0; kind < 3; kind++) assert.ok(field.tally[DONE + kind]! > PLACE_ROUNDS)
    const { requests, connections, retries, ejected } = field.upstream
    assert.deepEqual([requests, connections, retries, ejected, field.target.inFlight], [0, 0, 0, 0, 0])
  })

  test('each change of health or ejection is told to one thread, and every answer is counted once', async () => {
    const field = new Field()
    await field.run('reports')
    const told = (which: number) => field.tally[TOLD + which]!
    assert.ok(told(0) > 1000 && told(2) > 1000)
    assert.equal(told(0) - told(1), field.target.isUnhealthy ? 1 : 0)
    assert.equal(told(2) - told(3), field.target.isEjected ? 1 : 0)
    assert.equal(field.upstream.ejected, field.target.isEjected ? 1 : 0)
    const answers = THREADS * REPORT_ROUNDS
    assert.equal(told(4), Math.floor(answers / OUTLIER.consecutive5xx))
    assert.equal(told(5), Math.floor(answers / OUTLIER.consecutiveGateway))
    field.target.takeInterval()
    assert.equal(told(6) + field.target.intervalTotal, answers)
  })

  test('while threads claim and release, a row has one name, and is free when all have let go', async () => {
    const field = new Field()
    await field.run('claims')
    assert.equal(field.tally[OVER], 0)
    assert.equal(field.targetRows.taken, 1)
  })

  test('of threads that ask a half-open breaker at the same moment exactly its probes get through', async () => {
    const field = new Field()
    const { tally } = field
    const { breaker } = field.upstream
    breaker.report(0, BREAKER, breaker.admit(0, BREAKER), false)
    const workers = Array.from({ length: THREADS }, (_, i) => field.start('probes', i + 1))
    const all = Promise.all(workers.map(ended))
    for (let round = 1; round <= PROBE_ROUNDS; round++) {
      Atomics.store(tally, DONE, 0)
      Atomics.store(tally, FINISHED, 0)
      Atomics.store(tally, CLOCK, round * 2000)
      Atomics.store(tally, START, round)
      Atomics.notify(tally, START)
      await finished(tally)
      assert.equal(Atomics.load(tally, DONE), PROBES_MAX, `round ${round}`)
    }
    await all
  })

  test('workers killed at any moment give back all that they held, but at most one place a kill', async (t) => {
    const field = new Field()
    const { tally } = field
    const { breaker } = field.upstream
    breaker.report(0, BREAKER, breaker.admit(0, BREAKER), false)
    const others = [1, 2].map((owner) => field.start('hold', owner))
    const allOthers = Promise.all(others.map(ended))
    for (let kill = 0; kill < KILLS; kill++) {
      const owner = 3 + (kill % 2)
      Atomics.store(tally, BEATS + owner, 0)
      const worker = field.start('hold', owner)
      // So that the kill comes in the middle of its work, at another place each time.
      while (Atomics.load(tally, BEATS + owner) < 2000 + kill * 37) await beat()
      await worker.terminate()
      forgetTargetShares(field.targetRows, owner)
      forgetUpstreamShares(field.upstreamRows, owner)
      field.targetRows.forget(owner)
      field.upstreamRows.forget(owner)
    }
    Atomics.store(tally, STOP, 1)
    await allOthers
    const { requests, connections, retries } = field.upstream
    const left = requests + connections + retries + field.target.inFlight
    t.diagnostic(`${left} places lost in ${KILLS} kills`)
    assert.ok(Math.min(requests, connections, retries, field.target.inFlight) >= 0)
    assert.ok(left <= KILLS)
    assert.equal(field.targetRows.taken, 1)
    assert.equal(field.upstreamRows.taken, 1)
    const probes = Array.from({ length: 9 }, () => breaker.admit(HOLD_MS, BREAKER)).filter(isProbe)
    assert.equal(probes.length, PROBES_MAX)
  })
} else obey(workerData as Order)

async function finished(tally: Int32Array): Promise<void> {
  for (;;) {
    const seen = Atomics.load(tally, FINISHED)
    if (seen === THREADS) return
    Atomics.wait(tally, FINISHED, seen, 5)
    await beat()
  }
}

function beat(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function obey(order: Order): void {
  const targets = new Rows(order.targets, order.owner)
  const rows = new Rows(order.upstreams, order.owner)
  const { job, tally, owner } = order
  if (job === 'claims') return claimAndRelease(targets, tally)
  const target = openTarget(targets)
  const upstream = openUpstream(rows)
  if (job === 'places') takeAndGive(upstream, target, tally)
  else if (job === 'reports') report(upstream, target, tally, owner)
  else if (job === 'probes') probe(upstream, tally)
  else hold(upstream, target, targets, { tally, owner })
}

/** The tally's count of what is held is raised after a take and lowered before a give: never above the truth. */
function takeAndGive(upstream: UpstreamState, target: TargetState, tally: Int32Array): void {
  for (let round = 0; round < PLACE_ROUNDS; round++) {
    const kind = round % 3
    target.begin()
    if (take(upstream, kind)) {
      Atomics.add(tally, DONE + kind, 1)
      if (Atomics.add(tally, TRUTH + kind, 1) >= PLACES_MAX) Atomics.add(tally, OVER, 1)
      Atomics.sub(tally, TRUTH + kind, 1)
      give(upstream, kind)
    }
    target.end()
  }
}

function take(upstream: UpstreamState, kind: number): boolean {
  if (kind === 0) return upstream.takeRequest(PLACES_MAX)
  return kind === 1 ? upstream.takeConnection(PLACES_MAX) : upstream.takeRetry(PLACES_MAX)
}

function give(upstream: UpstreamState, kind: number): void {
  if (kind === 0) upstream.giveRequest()
  else if (kind === 1) upstream.giveConnection()
  else upstream.giveRetry()
}

function report(upstream: UpstreamState, target: TargetState, tally: Int32Array, owner: number): void {
  const told = (which: number, n = 1) => Atomics.add(tally, TOLD + which, n)
  let seed = owner
  for (let round = 0; round < REPORT_ROUNDS; round++) {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
    const dice = (seed >>> 16) & 7
    if (dice === 0 && target.reportHttpFailure(LIMITS)) told(0)
    if (dice === 1 && target.reportTcpFailure(LIMITS)) told(0)
    if (dice === 2 && target.reportTimeout(LIMITS)) told(0)
    if (dice >= 3 && dice < 6 && target.reportSuccess(LIMITS, round)) told(1)
    if (dice === 6 && upstream.tryEject(10, 50, false)) {
      if (target.eject(round, 5)) told(2)
      else upstream.giveEjection()
    }
    if (dice === 7 && target.uneject(round)) {
      told(3)
      upstream.giveEjection()
    }
  }
  // The runs are exact while nothing ends them, and an uneject would.
  Atomics.add(tally, FINISHED, 1)
  while (Atomics.load(tally, FINISHED) < THREADS)
    Atomics.wait(tally, FINISHED, Atomics.load(tally, FINISHED), 1)
  for (let round = 0; round < REPORT_ROUNDS; round++) {
    const detected = target.onResponse(503, OUTLIER)
    if ((detected & 1) !== 0) told(4)
    if ((detected & 2) !== 0) told(5)
    if (round % 1000 === 0) {
      target.takeInterval()
      told(6, target.intervalTotal)
    }
  }
}

function claimAndRelease(rows: Rows, tally: Int32Array): void {
  for (let round = 0; round < CLAIM_ROUNDS; round++) {
    const key = 2 + ((round + rows.owner) % 5)
    const at = rows.claim(2, key)
    if (at < 0) continue
    const before = Atomics.compareExchange(rows.words, at, 0, key)
    if (before !== 0 && before !== key) Atomics.add(tally, OVER, 1)
    if (Atomics.load(rows.words, at) !== key) Atomics.add(tally, OVER, 1)
    rows.release(at)
  }
}

function probe(upstream: UpstreamState, tally: Int32Array): void {
  for (let round = 1; round <= PROBE_ROUNDS; round++) {
    while (Atomics.load(tally, START) < round) Atomics.wait(tally, START, round - 1)
    const nowMs = Atomics.load(tally, CLOCK)
    for (let i = 0; i < 50; i++)
      if (isProbe(upstream.breaker.admit(nowMs, BREAKER))) Atomics.add(tally, DONE, 1)
    Atomics.add(tally, FINISHED, 1)
    Atomics.notify(tally, FINISHED)
  }
}

interface Beat {
  readonly tally: Int32Array
  readonly owner: number
}

/** Holds up to a few of each and claims rows, until it is told to stop or killed. */
function hold(upstream: UpstreamState, target: TargetState, rows: Rows, { tally, owner }: Beat): void {
  while (Atomics.load(tally, STOP) === 0) {
    const taken: number[] = []
    for (let i = 0; i < 9; i++) if (take(upstream, i % 3)) taken.push(i % 3)
    target.begin()
    const at = rows.claim(9, 9)
    const ticket = upstream.breaker.admit(HOLD_MS, BREAKER)
    upstream.breaker.abandon(ticket)
    Atomics.add(tally, BEATS + owner, 1)
    rows.release(at)
    target.end()
    for (const kind of taken) give(upstream, kind)
  }
  rows.release(rows.at(0))
}

/**
 * The script in a real Redis against plain models of each kind, with the time given to it.
 *
 * NEEDS redis-server, redis-cli
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { QUEUE, RATE } from '../../src/contract/machine/redis.ts'
import { Batch } from '../../src/redis/batch.ts'
import { SCRIPT, SUB_WINDOWS } from '../../src/redis/script.ts'
import { openRedis, type RedisServer } from '../kit/redis-server.ts'
import { type Ask, bucket, fixed, sliding } from './rig.ts'

const RUNS = { numRuns: 40 }
const START_MS = 1_800_000_000_000
const TIME = "redis.call('TIME')"
const TIMED = SCRIPT.replace(TIME, '{ ARGV[2], ARGV[3] }')
let server: RedisServer
let redis: Redis
let names = 0

before(async () => {
  assert.ok(SCRIPT.includes(TIME) && !TIMED.includes(TIME))
  server = await openRedis()
  redis = new Redis(server.port)
})
after(async () => {
  redis.disconnect()
  await server.close()
})

/** One turn's checks, decided at `nowMs` after the start. */
async function decide(asks: readonly Ask[], nowMs: number): Promise<void> {
  const batch = new Batch(false)
  for (const ask of asks) batch.add(ask)
  const [script, ...rest] = batch.args(TIMED)
  const ms = START_MS + nowMs
  batch.read(await redis.call('eval', script!, ...rest, `${Math.floor(ms / 1000)}`, `${(ms % 1000) * 1000}`))
  assert.equal(batch.problem, '')
}

const steps = (gapMs: number) =>
  fc.array(fc.record({ afterMs: fc.nat(gapMs), cost: fc.integer({ min: 1, max: 3 }) }), { maxLength: 60 })

test('fixed windows: all are raised or none, in the order of asking', async () => {
  const windows = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(windows, steps(1), async (caps, list) => {
      const name = `fixed:${names++}`
      const counts = caps.map(() => 0)
      const asks = list.map(({ cost }) =>
        fixed(
          name,
          caps.map((cap, i) => ({ cap, period: `${i}` })),
          cost,
        ),
      )
      await decide(asks, 0)
      for (const ask of asks) {
        assert.deepEqual([...ask.used.slice(0, caps.length)], counts)
        const refusedBy = counts.findIndex((count, i) => count + ask.cost > caps[i]!)
        assert.equal(ask.refusedBy, refusedBy)
        if (refusedBy < 0) for (const i of counts.keys()) counts[i]! += ask.cost
      }
    }),
    RUNS,
  )
})

test('sliding windows: never more than the cap in any interval of the window, and the wait told is the shortest', async () => {
  const windowMs = 60_000
  const width = windowMs / SUB_WINDOWS
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 3, max: 12 }), steps(20_000), async (cap, list) => {
      const name = `sliding:${names++}`
      const admitted: { atMs: number; cost: number }[] = []
      let now = 0
      for (const { afterMs, cost } of list) {
        now += afterMs
        const ask = sliding(name, cap, windowMs, cost)
        await decide([ask], now)
        const usedAt = (ms: number) =>
          admitted
            .filter((one) => Math.floor(one.atMs / width) >= Math.floor(ms / width) - SUB_WINDOWS)
            .reduce((sum, one) => sum + one.cost, 0)
        const isFree = usedAt(now) + cost <= cap
        assert.equal(ask.waitMs === 0, isFree)
        if (isFree) admitted.push({ atMs: now, cost })
        else {
          assert.ok(usedAt(now + ask.waitMs) + cost <= cap, 'room after the wait')
          assert.ok(usedAt(now + ask.waitMs - 1) + cost > cap, 'no room before')
        }
        assert.equal(ask.left, cap - usedAt(now))
      }
      for (const { atMs } of admitted) {
        const inside = admitted.filter((one) => one.atMs >= atMs && one.atMs < atMs + windowMs)
        assert.ok(inside.reduce((sum, one) => sum + one.cost, 0) <= cap)
      }
    }),
    RUNS,
  )
})

test('token buckets: as a bucket that is filled drop by drop', async () => {
  const gapMs = 3000
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 3, max: 10 }), steps(2 * gapMs), async (burst, list) => {
      const name = `rate:${names++}`
      let credit = burst * gapMs
      let now = 0
      for (const { afterMs, cost } of list) {
        now += afterMs
        credit = Math.min(burst * gapMs, credit + afterMs)
        const ask = bucket(RATE, name, gapMs, burst)
        ask.cost = cost
        await decide([ask], now)
        const missing = Math.max(0, cost * gapMs - credit)
        assert.equal(ask.waitMs, missing)
        if (missing === 0) credit -= cost * gapMs
        assert.equal(ask.left, Math.floor(credit / gapMs))
      }
    }),
    RUNS,
  )
})

test('leaky buckets: each goes on one gap after the one before, and no more wait than may', async () => {
  const gapMs = 3000
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 5 }), steps(gapMs), async (most, list) => {
      const name = `queue:${names++}`
      let next = 0
      let now = 0
      for (const { afterMs } of list) {
        now += afterMs
        const wait = Math.max(next, now) - now
        const ask = bucket(QUEUE, name, gapMs, most)
        await decide([ask], now)
        assert.equal(ask.waitMs, wait > most * gapMs ? -(wait - most * gapMs) : wait)
        if (ask.waitMs >= 0) next = now + wait + gapMs
      }
    }),
    RUNS,
  )
})

test('a rate with a gap that no number holds exactly admits its burst, no more and no less', async () => {
  const asks = Array.from({ length: 400 }, () => bucket(RATE, 'third', 100_000 / 3, 300))
  await decide(asks, 0)
  assert.equal(asks.filter((ask) => ask.waitMs === 0).length, 300)
  assert.equal(asks[299]!.left, 0)
})

test("after Redis's clock was set back an hour nothing admitted is forgotten, and nobody waits for the hour", async () => {
  const hourMs = 3_600_000
  const asks = () => [
    sliding('back', 2, 60_000),
    bucket(RATE, 'back-rate', 1000, 2),
    bucket(QUEUE, 'back-queue', 1000, 1),
  ]
  for (let i = 0; i < 2; i++) await decide(asks(), hourMs)
  const [window, rate, queue] = asks()
  await decide([window!, rate!, queue!], 0)
  assert.ok(window!.waitMs > 0 && window!.waitMs <= 67_500, `${window!.waitMs}`)
  assert.equal(rate!.waitMs, 1000)
  assert.equal(queue!.waitMs, -1000)
  const [later] = asks()
  await decide([later!], 70_000)
  assert.equal(
    later!.waitMs > 0,
    true,
    'the count of the future is taken for now until something is admitted',
  )
})

/**
 * Limits that two machines share: two gateways, one Redis.
 *
 * NEEDS redis-server, redis-cli
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { answers } from '../kit/behaviours.ts'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { byStatus, offer } from '../kit/load.ts'
import type { Message } from '../kit/message.ts'
import { connect, get } from '../kit/raw-client.ts'
import { openRedis, type RedisServer } from '../kit/redis-server.ts'
import { openTarget, type TestTarget } from '../kit/test-target.ts'

const SYNC_S = 0.1
const LIMIT = 40
/** The route whose counter is looked up. */
const KEPT = '11111111-2222-4333-8444-555555555555'

let redis: RedisServer
let target: TestTarget
let one: Gateway
let two: Gateway

function limitsOf(port: number): Record<string, object> {
  const shared = { policy: 'redis', redis: { host: '127.0.0.1', port, timeout: 5000 } }
  return {
    exact: { hour: LIMIT, ...shared },
    known: { hour: 2, ...shared },
    warm: { hour: 6, ...shared },
    synced: { hour: LIMIT, ...shared, sync_rate: SYNC_S },
    kept: { hour: 30, ...shared, sync_rate: SYNC_S },
    learned: { hour: 10, ...shared, sync_rate: SYNC_S },
    sliding: { hour: 10, algorithm: 'sliding-window', ...shared },
    bucket: { hour: 60, burst: 10, algorithm: 'token-bucket', ...shared },
    leaky: { second: 20, burst: 3, algorithm: 'leaky-bucket', ...shared },
    late: { hour: 10, cost: { by: 'response_header', name: 'X-Cost' }, ...shared },
  }
}

function config(targetPort: number, redisPort: number): string {
  const shared = { policy: 'redis', redis: { host: '127.0.0.1', port: redisPort, timeout: 5000 } }
  const routes = Object.entries(limitsOf(redisPort)).map(([name, limits]) => ({
    ...(name === 'kept' ? { id: KEPT } : {}),
    name,
    paths: [`/${name}`],
    strip_path: false,
    plugins: [{ name: 'rate-limiting', config: limits }],
  }))
  const used = {
    name: 'used',
    paths: ['/used'],
    strip_path: false,
    plugins: [{ name: 'response-ratelimiting', config: { limits: { videos: { hour: 1000 } }, ...shared } }],
  }
  const target = { name: 'target', host: '127.0.0.1', port: targetPort, protocol: 'http' }
  return kongYml({ services: [{ ...target, routes: [...routes, used] }] })
}

before(async () => {
  redis = await openRedis()
  target = await openTarget(answers())
  const open = () => openGateway({ config: config(target.port, redis.port), env: { SLUICE_WORKERS: '2' } })
  ;[one, two] = await Promise.all([open(), open()])
})

after(async () => {
  await Promise.all([one?.stop(), two?.stop()])
  await target?.close()
  await redis?.close()
})

async function ask(gateway: Gateway, path: string): Promise<Message> {
  const client = await connect({ port: gateway.port })
  try {
    await client.send(get(path))
    return await client.answer()
  } finally {
    client.destroy()
  }
}

async function statusOf(gateway: Gateway, path: string): Promise<number> {
  return (await ask(gateway, path)).status
}

/** So many on each gateway, all at once; how many were admitted. */
async function flood(path: string, each: number): Promise<number> {
  const asked = Array.from({ length: each }, () => [statusOf(one, path), statusOf(two, path)]).flat()
  const statuses = await Promise.all(asked)
  assert.deepEqual(
    [...new Set(statuses)].filter((status) => status !== 200 && status !== 429),
    [],
  )
  return statuses.filter((status) => status === 200).length
}

async function until(what: string, is: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await is()) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  assert.fail(what)
}

test('two machines that are asked at once admit exactly the limit between them', async () => {
  assert.equal(await flood('/exact', 60), LIMIT)
})

test('counters have Kong’s names, and only what was admitted is counted', async () => {
  await flood('/exact', 1)
  const zero = '00000000-0000-0000-0000-000000000000'
  const keys = (await redis.call('keys', `ratelimit:*:${zero}:127.0.0.1:*:hour`)).split('\n')
  const hourMs = 3_600_000
  const route = /^ratelimit:[0-9a-f-]{36}:/
  for (const key of keys) {
    assert.match(key, route)
    assert.equal(Number(key.split(':').at(-2)) % hourMs, 0, 'the start of an hour, in milliseconds')
  }
  const counts = await Promise.all(keys.map((key) => redis.call('get', key)))
  assert.ok(counts.includes(String(LIMIT)))
})

test('what is left is told by both machines as one count', async () => {
  const left = async (gateway: Gateway) => (await ask(gateway, '/warm')).get('x-ratelimit-remaining-hour')
  assert.deepEqual([await left(one), await left(two), await left(one)], ['5', '4', '3'])
})

test('a client that is known to be at its limit is refused without asking Redis', async () => {
  for (const expected of [200, 200, 429]) assert.equal(await statusOf(one, '/known'), expected)
  const before = await redis.calls('evalsha')
  for (let i = 0; i < 20; i++) assert.equal(await statusOf(one, '/known'), 429)
  assert.ok((await redis.calls('evalsha')) - before <= 5, 'none but probes and other limits’ pushes')
})

test('sliding windows and buckets hold over both machines', async () => {
  assert.equal(await flood('/sliding', 15), 10)
  assert.equal(await flood('/bucket', 15), 10)
})

test('a leaky bucket spaces the requests of both machines', async () => {
  const started = performance.now()
  assert.equal(await flood('/leaky', 5), 4)
  assert.ok(performance.now() - started >= 149, 'the fourth had to wait three gaps of 50 ms')
})

test('a cost that the answer names is charged on both machines', async () => {
  target.behave = answers('ok', ['X-Cost: 9'])
  assert.equal(await statusOf(one, '/late'), 200)
  await until('the other machine hears of it', async () => {
    const { status } = await ask(two, '/late')
    return status === 429
  })
  target.behave = answers()
})

test('response-ratelimiting adds up what both machines’ answers used', async () => {
  target.behave = answers('ok', ['X-Kong-Limit: videos=4'])
  await ask(one, '/used')
  await until('the other machine reads it', async () => {
    const answer = await ask(two, '/used')
    return Number(answer.get('x-ratelimit-remaining-videos-hour')) < 996
  })
  target.behave = answers()
})

test('response-ratelimiting goes on from what a machine knew when Redis has lost it', async () => {
  target.behave = answers('ok', ['X-Kong-Limit: videos=1'])
  const left = async () => Number((await ask(one, '/used')).get('x-ratelimit-remaining-videos-hour'))
  const before = await left()
  await until('it is counted', async () => (await left()) < before)
  target.behave = answers()
  const known = await left()
  await redis.call('FLUSHALL')
  assert.ok((await left()) <= known, 'nothing is given back')
})

test('with a sync_rate the overshoot stays within its formula, and ends in a refusal everywhere', async () => {
  const forMs = 1500
  const perSecond = 60
  const streams = [one, two].map(({ port }) =>
    offer({ url: `http://127.0.0.1:${port}/synced`, perSecond, forMs, connections: 4 }),
  )
  const samples = (await Promise.all(streams)).flat()
  const admitted = byStatus(samples)['200'] ?? 0
  // On a machine that has no core to spare a push may be late by as much again.
  const inOneSync = perSecond * SYNC_S * 3
  assert.ok(admitted >= LIMIT, `${admitted} of ${LIMIT}`)
  assert.ok(admitted <= LIMIT + Math.min(LIMIT, inOneSync), `${admitted} were admitted`)
  assert.deepEqual([await statusOf(one, '/synced'), await statusOf(two, '/synced')], [429, 429])
})

test('with a sync_rate all at once can admit the limit on each machine, and no more', async () => {
  const admitted = await flood('/learned', 30)
  assert.ok(admitted >= 10 && admitted <= 20, `${admitted} were admitted`)
})

test('a machine that has admitted nothing itself learns from the others with its first push', async () => {
  const path = '/learned'
  await until(
    'both refuse',
    async () => (await statusOf(one, path)) === 429 && (await statusOf(two, path)) === 429,
  )
})

test('without Redis each machine goes on from the counts it knew', async () => {
  await redis.kill()
  const left = async () => (await ask(one, '/warm')).get('x-ratelimit-remaining-hour')
  assert.deepEqual([await left(), await left(), await left()], ['2', '1', '0'])
  assert.equal(await statusOf(one, '/warm'), 429)
  assert.equal(await statusOf(two, '/warm'), 200, 'the other one knew of two')
})

test('what could not be pushed reaches Redis when it is back, once', async () => {
  let asked = 0
  const usedBy = async (gateway: Gateway) => {
    asked++
    return 30 - Number((await ask(gateway, '/kept')).get('x-ratelimit-remaining-hour'))
  }
  for (let i = 1; i <= 3; i++) assert.equal(await usedBy(one), i)
  await redis.start()
  const count = async () => {
    const [key] = (await redis.call('keys', `ratelimit:${KEPT}:*`)).split('\n')
    return key === undefined || key === '' ? 0 : Number(await redis.call('get', key))
  }
  await until('the count is there', async () => (await count()) === asked)
  await until('the other machine learns of it', async () => {
    const used = await usedBy(two)
    await until('it is told', async () => (await count()) === asked)
    return used === asked
  })
})

/**
 * What Redis decides: each kind of check, alone, together in one command, and by two machines at once.
 *
 * NEEDS redis-server, redis-cli
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ADD, Check, QUEUE, RATE } from '../../src/contract/machine/redis.ts'
import { openRedis, type RedisServer } from '../kit/redis-server.ts'
import { Ask, add, bucket, fixed, machine, Pushing, settings, sliding } from './rig.ts'

let redis: RedisServer
const one = machine()
const two = machine()

before(async () => {
  redis = await openRedis()
})
after(async () => {
  one.door.close()
  two.door.close()
  await redis.close()
})

const open = (which = one) => which.door.open(settings(redis.port))

test('all checks of one turn are one command to Redis', async () => {
  const link = open()
  await fixed('warm', 1).by(link)
  const before = await redis.calls('evalsha')

  const asks = Array.from({ length: 64 }, (_, i) => fixed(`turn:${i % 8}`, 4))
  const outcomes = await Promise.all(asks.map((ask) => ask.by(link)))

  assert.equal(outcomes.filter((outcome) => outcome === 'ok').length, 32)
  assert.equal((await redis.calls('evalsha')) - before, 1)
  link.close()
})

test('a request refused by one window is counted in none, and the refusing window is named', async () => {
  const link = open()
  const windows = [
    { cap: 2, period: 'minute' },
    { cap: 5, period: 'hour' },
  ]
  const ask = () => fixed('all-or-none', windows)

  assert.equal(await ask().by(link), 'ok')
  assert.equal(await ask().by(link), 'ok')
  const refused = ask()
  assert.equal(await refused.by(link), 'no')

  assert.equal(refused.refusedBy, 0)
  assert.deepEqual([...refused.used.slice(0, 2)], [2, 2])
  assert.equal(await redis.call('get', 'all-or-none:0:hour'), '2')
  link.close()
})

test("a window's counter is a plain number that expires, so that a Kong node on the same Redis shares it", async () => {
  const link = open()
  const key = 'ratelimit:route:service:10.0.0.1:1700000040000:minute'
  const ask = new Ask(1, 'ratelimit:route:service:10.0.0.1', 3)
  ask.window(key, 10, 60_000)

  assert.equal(await ask.by(link), 'ok')

  assert.equal(await redis.call('get', key), '3')
  const ttl = Number(await redis.call('pttl', key))
  assert.ok(ttl > 50_000 && ttl <= 60_000, `${ttl}`)
  await redis.call('incrby', key, '7')
  ask.ask(1, ask.name, 1)
  ask.window(key, 10, 60_000)
  const next = new Ask(1, ask.name, 1)
  next.window(key, 10, 60_000)
  assert.equal(await next.by(link), 'no')
  assert.equal(next.used[0], 10)
  link.close()
})

test('counters can be raised without asking, and read without being made', async () => {
  const link = open()
  const read = add('used', 0)
  await read.by(link)
  assert.equal(await redis.call('exists', 'used:0:hour'), '0')

  await add('used', 5).by(link)
  await add('used', 2).by(link)
  const after = add('used', 0)
  await after.by(link)

  assert.deepEqual([read.used[0], after.used[0]], [0, 7])
  assert.ok(Number(await redis.call('pttl', 'used:0:hour')) > 0)
  link.close()
})

test('counts gathered by a machine are added in one round trip, which answers the totals', async () => {
  const link = open()
  const expireAtS = Math.floor(Date.now() / 1000) + 60
  await redis.call('set', 'sum:3', 'not a number')
  const push = new Pushing()
  for (let i = 0; i < 200; i++) push.add(`sum:${i}`, `sum:${i}`, i + 1, expireAtS)
  const before = await redis.calls('evalsha')

  assert.ok(link.push(push))
  assert.equal(await push.pushed, null)
  assert.equal((await redis.calls('evalsha')) - before, 1)
  assert.deepEqual(
    [push.totals[0], push.totals[199], push.totals[3], push.totals.length],
    [1, 200, Number.NaN, 200],
  )

  const more = new Pushing()
  more.add('sum:199', 'sum:199', 50, expireAtS)
  link.push(more)
  await more.pushed
  assert.deepEqual(more.totals, [250])
  assert.ok(Number(await redis.call('ttl', 'sum:199')) > 50)
  link.close()
})

test('a key that holds something else fails its own check and no other', async () => {
  const link = open()
  await redis.call('set', 'alien:0:hour', 'a poem')
  await redis.call('lpush', 'alien-list:0:hour', '1')

  const asks = [
    fixed('alien', 5),
    fixed('sound', 5),
    fixed('alien-list', 5),
    sliding('alien:0:hour', 5, 1000),
  ]
  const outcomes = await Promise.all(asks.map((ask) => ask.by(link)))

  assert.deepEqual(outcomes, ['refused', 'ok', 'refused', 'refused'])
  assert.equal(link.state, 'up')
  link.close()
})

for (const [what, cap, ask] of [
  ['fixed window', 100, (i: number) => fixed('both', 100, 1 + (i % 2))],
  ['sliding window', 100, (i: number) => sliding('both-sliding', 100, 60_000, 1 + (i % 2))],
  ['token bucket', 100, () => bucket(RATE, 'both-rate', 3_600_000, 100)],
  ['leaky bucket', 101, () => bucket(QUEUE, 'both-queue', 3_600_000, 100)],
] as const)
  test(`two machines that ask at once get no more than the limit between them: ${what}`, async () => {
    const links = [open(one), open(two)]
    let admitted = 0
    for (let turn = 0; turn < 10; turn++) {
      const asks = Array.from({ length: 40 }, (_, i) => ask(i))
      const outcomes = await Promise.all(asks.map((one, i) => one.by(links[i % 2]!)))
      for (const [i, outcome] of outcomes.entries())
        if (what === 'leaky bucket' ? asks[i]!.waitMs >= 0 : outcome === 'ok') admitted += asks[i]!.cost
    }
    assert.equal(admitted, cap)
    for (const link of links) link.close()
  })

test('a link is shared by equal settings and outlives a reload, and is closed a while after its last user', async () => {
  const own = machine({ lingerMs: 30 })
  const connections = async () =>
    (await redis.call('client', 'list')).split('\n').filter((line) => line.includes('name=sluice')).length
  const others = await connections()
  const old = own.door.open(settings(redis.port))
  const same = own.door.open(settings(redis.port))
  await fixed('shared', 9).by(old)
  assert.equal(own.door.size, 1)
  assert.equal((await connections()) - others, 1)

  old.close()
  old.close()
  same.close()
  const renewed = own.door.open(settings(redis.port))
  assert.equal(await fixed('shared', 9).by(renewed), 'ok')
  assert.equal((await connections()) - others, 1)

  renewed.close()
  while (own.door.size > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  while ((await connections()) > others) await new Promise((resolve) => setTimeout(resolve, 10))
})

test('more than ten thousand checks under way are refused at once', async () => {
  const link = open()
  const asks = Array.from({ length: 10_050 }, () => new Ask(ADD, 'many', 1))
  for (const ask of asks) ask.window('many', 0, 60_000)
  const outcomes = await Promise.all(asks.map((ask) => ask.by(link)))

  assert.equal(outcomes.filter((outcome) => outcome === 'down').length, 50)
  assert.equal(await redis.call('get', 'many'), '10000')
  assert.equal(await fixed('after-many', 1).by(link), 'ok')
  link.close()
})

test('a door that is closed answers what is under way and what waits, each once', async () => {
  const own = machine()
  const link = own.door.open(settings(redis.port))
  assert.equal(await fixed('closing', 9).by(link), 'ok')
  const sent = Counted.ask('closing:sent')
  link.check(sent)
  await new Promise((resolve) => setImmediate(resolve))
  const queued = Counted.ask('closing:queued')
  link.check(queued)
  own.door.close()
  assert.equal(link.check(Counted.ask('closing:late')), false)
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.deepEqual([sent.answers, queued.answers], [['closed'], ['closed']])
})

class Counted extends Check {
  readonly answers: (string | null)[] = []

  static ask(name: string): Counted {
    const check = new Counted()
    check.ask(ADD, name, 1)
    check.window(name, 0, 1000)
    return check
  }

  onChecked(failure: string | null): void {
    this.answers.push(failure)
  }
}

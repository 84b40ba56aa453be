/**
 * When another server takes over: Sentinel's failover, and a cluster of three.
 *
 * NEEDS redis-server, redis-cli
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RedisLink } from '../../src/contract/machine/redis.ts'
import { RATE } from '../../src/contract/machine/redis.ts'
import { until } from '../kit/command.ts'
import { openRedis, openRedisCluster, openReplica, openSentinel } from '../kit/redis-server.ts'
import { bucket, fixed, machine, Pushing, pause, settings, sliding } from './rig.ts'

async function untilItDecides(link: RedisLink, name: string): Promise<void> {
  await until('Redis decides', async () => (await fixed(name, 1e9).by(link)) === 'ok')
}

test('when the master dies, the replica that Sentinel promotes is used within a second of its promotion', async (t) => {
  const master = await openRedis()
  const replica = await openReplica(master)
  const sentinel = await openSentinel('limits', master)
  const own = machine()
  const nodes = [{ host: sentinel.host, port: sentinel.port }]
  const link = own.door.open(settings(1, { sentinel_master: 'limits', sentinel_nodes: nodes }))
  t.after(async () => {
    own.door.close()
    for (const server of [sentinel, replica, master]) await server.close()
  })
  assert.equal(await fixed('guarded', 9).by(link), 'ok')
  assert.equal(await master.call('get', 'guarded:0:hour'), '1')

  await master.kill()
  await until('the loss is seen', () => link.state === 'down')
  const isMaster = async () => (await replica.call('info', 'replication')).includes('role:master')
  await until('the replica is promoted', isMaster)
  const promotedMs = performance.now()
  await untilItDecides(link, 'guarded')

  assert.ok(performance.now() - promotedMs < 1500, `${performance.now() - promotedMs} ms`)
  assert.ok(Number(await replica.call('get', 'guarded:0:hour')) >= 1)
})

test('Sentinel servers that are not there are named in the log', async () => {
  const own = machine()
  const nodes = [{ host: '127.0.0.1', port: 1 }]
  const link = own.door.open(settings(1, { sentinel_master: 'lost', sentinel_nodes: nodes, timeout: 300 }))
  assert.equal(await fixed('lost', 9).by(link), 'closed')
  assert.match(own.lines[0]!, /redis master lost: .*127\.0\.0\.1:1/)
  own.door.close()
})

test('a cluster: the keys of one check are on one node, limits hold, and a lost node costs only its own keys', async (t) => {
  const nodes = await openRedisCluster()
  const own = machine()
  const other = machine()
  t.after(async () => {
    own.door.close()
    other.door.close()
    for (const node of nodes) await node.close()
  })
  const where = { cluster_nodes: nodes.map(({ host, port }) => ({ host, port })), timeout: 1000 }
  const [link, second] = [own.door.open(settings(1, where)), other.door.open(settings(1, where))]

  const windows = [
    { cap: 3, period: 'minute' },
    { cap: 5, period: 'hour' },
  ]
  const names = Array.from({ length: 30 }, (_, i) => `client:${i}`)
  const asks = names.flatMap((name) => Array.from({ length: 6 }, () => fixed(name, windows)))
  const outcomes = await Promise.all(asks.map((ask, i) => ask.by(i % 2 === 0 ? link : second)))
  assert.equal(outcomes.filter((outcome) => outcome === 'ok').length, 3 * names.length)
  assert.equal(await sliding('cluster-slide', 2, 60_000).by(link), 'ok')
  assert.equal(await bucket(RATE, 'cluster-rate', 1000, 2).by(second), 'ok')

  const push = new Pushing()
  for (const name of names) push.add(name, `${name}:0:day`, 4, Math.floor(Date.now() / 1000) + 60)
  assert.ok(link.push(push))
  assert.equal(await push.pushed, null)
  assert.deepEqual([...new Set(push.totals)], [4])
  const counts = await Promise.all(nodes.map(async (node) => Number(await node.call('dbsize'))))
  assert.ok(counts.every((count) => count > 10) && sum(counts) === 3 * names.length + 2, counts.join())

  for (const node of nodes) await node.call('config', 'set', 'cluster-require-full-coverage', 'no')
  await nodes[2]!.kill()
  await pause(50)
  const lost = new Set<string>()
  for (const name of names) if ((await fixed(name, 1e9).by(link)) !== 'ok') lost.add(name)
  assert.ok(lost.size >= Math.floor(counts[2]! / 3) - 1 && lost.size < names.length, [...lost].join())
  for (let round = 0; round < 5; round++) {
    const all = await Promise.all(names.map((name) => fixed(name, 1e9).by(link)))
    assert.deepEqual(
      names.filter((name, i) => all[i] !== 'ok' && !lost.has(name)),
      [],
    )
  }

  await nodes[2]!.start()
  await until('all are back', async () => {
    const all = await Promise.all(names.map((name) => fixed(`${name}:again`, 1e9).by(link)))
    return all.every((outcome) => outcome === 'ok')
  })
})

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

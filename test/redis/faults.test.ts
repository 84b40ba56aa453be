/**
 * What happens when Redis restarts, hangs, is full, forgets its scripts or has become a replica.
 *
 * NEEDS redis-server, redis-cli
 */
import assert from 'node:assert/strict'
import net from 'node:net'
import { test } from 'node:test'
import type { RedisLink } from '../../src/contract/machine/redis.ts'
import { until } from '../kit/command.ts'
import { openRedis, openReplica, type RedisServer } from '../kit/redis-server.ts'
import { fixed, type Machine, machine, type Outcome, pause, settings } from './rig.ts'

const SOON_MS = 1500

async function withRedis(
  run: (redis: RedisServer, link: RedisLink, own: Machine) => Promise<void>,
  options: { timeout?: number; args?: readonly string[] } = {},
): Promise<void> {
  const redis = await openRedis({ args: options.args ?? [] })
  const own = machine()
  const link = own.door.open(settings(redis.port, { timeout: options.timeout ?? 2000 }))
  try {
    assert.equal(await fixed('first', 1e9).by(link), 'ok')
    await run(redis, link, own)
  } finally {
    own.door.close()
    await redis.close()
  }
}

async function isBack(link: RedisLink): Promise<number> {
  const from = performance.now()
  await until('Redis decides again', async () => (await fixed('back', 1e9).by(link)) === 'ok')
  return performance.now() - from
}

test('a script that Redis has forgotten is sent again, and each check counts once', () =>
  withRedis(async (redis, link) => {
    for (let i = 0; i < 3; i++) {
      await redis.call('script', 'flush')
      const asks = [fixed('forgotten', 100), fixed('forgotten', 100)]
      assert.deepEqual(await Promise.all(asks.map((ask) => ask.by(link))), ['ok', 'ok'])
    }
    assert.equal(await redis.call('get', 'forgotten:0:hour'), '6')
  }))

test('when Redis is killed under load every check is answered, and none is counted twice', () =>
  withRedis(async (redis, link, own) => {
    const seen: Record<string, number> = {}
    let isLoaded = true
    let left = 0
    const load = (async () => {
      while (isLoaded) {
        for (let i = 0; i < 20; i++) {
          left++
          void fixed('load', 1e9)
            .by(link)
            .then((outcome) => {
              left--
              seen[outcome] = (seen[outcome] ?? 0) + 1
            })
        }
        await pause(1)
      }
    })()
    await pause(200)
    await redis.call('config', 'set', 'appendonly', 'yes', 'appendfsync', 'always')
    await until('the log is being written', async () =>
      (await redis.call('info', 'persistence')).includes('aof_rewrite_in_progress:0'),
    )
    await pause(100)
    const counted = await redis.call('get', 'load:0:hour')
    await redis.kill()
    await until('checks are refused at once', () => link.state === 'down')
    await pause(300)
    await redis.start()
    const backMs = await isBack(link)
    isLoaded = false
    await load
    await until('all are answered', () => left === 0)

    assert.ok(backMs < SOON_MS, `${backMs} ms until it was back`)
    assert.ok(seen['down']! > 0 && seen['ok']! > Number(counted) / 2, JSON.stringify(seen))
    // Redis has started empty; what is in it now was admitted after the restart.
    assert.ok(Number(await redis.call('get', 'load:0:hour')) <= seen['ok']!)
    assert.ok(own.lines.length <= 5, own.lines.join('\n'))
    assert.match(own.lines.join('\n'), /answers again after/)
  }))

test('a Redis that hangs costs each request at most the timeout, then nothing, and comes back by itself', () =>
  withRedis(
    async (redis, link) => {
      redis.pause()
      const from = performance.now()
      const waits = await Promise.all(Array.from({ length: 50 }, () => fixed('hung', 1e9).by(link)))
      const waitedMs = performance.now() - from
      assert.deepEqual([...new Set(waits)], ['timeout'])
      assert.ok(waitedMs >= 295 && waitedMs < 600, `${waitedMs}`)

      const outcomes: Outcome[] = []
      while (outcomes.length < 8) outcomes.push(await fixed('hung', 1e9).by(link))
      assert.equal(outcomes.at(-1), 'down')
      const downFrom = performance.now()
      for (let i = 0; i < 1000; i++) assert.equal(link.check(fixed('hung', 1e9)), false)
      assert.ok(performance.now() - downFrom < 100)

      await pause(1500)
      redis.resume()
      const backMs = await isBack(link)
      assert.ok(backMs < SOON_MS, `${backMs} ms until it was back`)
    },
    { timeout: 300 },
  ))

test('an answer that comes too late is dropped', () =>
  withRedis(
    async (redis, link) => {
      redis.pause()
      const late = fixed('late', 1e9)
      assert.equal(await late.by(link), 'timeout')
      late.used[0] = -7
      redis.resume()
      assert.equal(await fixed('after', 5).by(link), 'ok')
      assert.equal(late.used[0], -7)
    },
    { timeout: 200 },
  ))

test('a full Redis refuses, the log says why once a second, and it decides again when there is room', () =>
  withRedis(
    async (redis, link, own) => {
      await redis.call('config', 'set', 'maxmemory', '1')
      const outcomes: Outcome[] = []
      for (let i = 0; i < 30; i++) {
        outcomes.push(await fixed('full', 1e9).by(link))
        await pause(10)
      }
      assert.ok(!outcomes.includes('ok'))
      assert.ok(outcomes.filter((outcome) => outcome === 'refused').length < 10, outcomes.join(' '))
      assert.ok(outcomes.includes('down'))
      assert.match(own.lines[0]!, /OOM/)
      assert.equal(own.lines.filter((line) => line.includes('OOM')).length, 1)

      await redis.call('config', 'set', 'maxmemory', '0')
      const backMs = await isBack(link)
      assert.ok(backMs < SOON_MS, `${backMs} ms until it was back`)
    },
    { args: ['--maxmemory-policy', 'noeviction'] },
  ))

test('a server that was made a replica is left and looked for anew until it may write again', () =>
  withRedis(async (redis, link, own) => {
    const other = await openRedis()
    await redis.call('replicaof', '127.0.0.1', `${other.port}`)
    assert.notEqual(await fixed('replica', 5).by(link), 'ok')
    assert.match(own.lines.join(), /READONLY/)
    await pause(300)
    const connections = Number(/total_connections_received:(\d+)/.exec(await redis.call('info', 'stats'))![1])
    assert.ok(connections < 40, `${connections} connections in 300 ms`)
    await redis.call('replicaof', 'no', 'one')
    const backMs = await isBack(link)
    assert.ok(backMs < SOON_MS, `${backMs} ms until it was back`)
    await other.close()
  }))

test('a Redis that is still loading its data is waited for', async () => {
  const redis = await openRedis({ isPersistent: true, args: ['--key-load-delay', '300'] })
  const own = machine()
  await redis.call('eval', "for i = 1, 2000 do redis.call('set', i, i) end", '0')
  await redis.call('save')
  await redis.kill()
  const isUp = redis.start()
  const link = own.door.open(settings(redis.port))
  await until('Redis decides', async () => (await fixed('loaded', 1e9).by(link)) === 'ok')
  await isUp
  own.door.close()
  await redis.close()
})

test('a gateway that starts before Redis is down at once and picks it up when it comes', async () => {
  const redis = await openRedis()
  await redis.stop()
  const own = machine()
  const link = own.door.open(settings(redis.port))
  assert.equal(await fixed('early', 5).by(link), 'closed')
  assert.equal(link.state, 'down')
  await pause(1000)
  await redis.start()
  const backMs = await isBack(link)
  assert.ok(backMs < SOON_MS, `${backMs} ms until it was there`)
  own.door.close()
  await redis.close()
})

test('a master that was demoted is left for the one that now answers at its address', async (t) => {
  const master = await openRedis()
  const replica = await openReplica(master)
  let port = master.port
  const sockets = new Set<net.Socket>()
  const address = net.createServer((client) => {
    const server = net.connect(port, '127.0.0.1')
    for (const socket of [client, server]) sockets.add(socket.on('error', () => {}))
    client.pipe(server).pipe(client)
  })
  await new Promise<void>((resolve) => address.listen(0, '127.0.0.1', resolve))
  const own = machine()
  const link = own.door.open(settings((address.address() as net.AddressInfo).port)) // a TCP server's, always
  t.after(async () => {
    own.door.close()
    address.close()
    for (const socket of sockets) socket.destroy()
    for (const server of [replica, master]) await server.close()
  })
  assert.equal(await fixed('promoted', 5).by(link), 'ok')

  await replica.call('replicaof', 'no', 'one')
  port = replica.port
  assert.equal(await fixed('promoted', 5).by(link), 'ok')
  await master.call('replicaof', '127.0.0.1', `${replica.port}`)
  assert.notEqual(await fixed('promoted', 5).by(link), 'ok')
  assert.ok((await isBack(link)) < SOON_MS)
})

/**
 * Getting in: passwords, users with few rights, database numbers, and TLS with and without verification.
 *
 * NEEDS redis-server, redis-cli, openssl
 */
import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RedisSettings } from '../../src/contract/machine/redis.ts'
import { until } from '../kit/command.ts'
import { type Certificates, makeCertificates, openRedis, type RedisServer } from '../kit/redis-server.ts'
import { fixed, type Machine, machine, pause, settings, sliding } from './rig.ts'

const SECRET = 'open-sesame'
const RIGHTS = ['+evalsha', '+eval', '+get', '+set', '+incrby', '+client|setname']
let folder = ''
let certificates: Certificates
let locked: RedisServer
let secure: RedisServer

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-tls-'))
  certificates = await makeCertificates(folder, 'redis.test')
  const user = ['user', 'limiter', 'on', '>limiter-word', '~ratelimit:*', ...RIGHTS]
  locked = await openRedis({
    args: ['--requirepass', SECRET, '--databases', '4', '--user', ...user.slice(1)],
    login: ['--pass', SECRET],
  })
  secure = await openRedis({ tls: certificates })
})
after(async () => {
  await locked.close()
  await secure.close()
  rmSync(folder, { recursive: true })
})

async function outcome(which: Machine, port: number, more: Partial<RedisSettings>): Promise<string> {
  const link = which.door.open(settings(port, more))
  const answer = await fixed('ratelimit:login', 1000).by(link)
  which.door.close()
  return answer
}

test('the right password opens, a wrong one or none is refused and never written to the log', async () => {
  assert.equal(await outcome(machine(), locked.port, { password: SECRET }), 'ok')

  const wrong = machine()
  assert.equal(await outcome(wrong, locked.port, { password: 'wrong-word' }), 'closed')
  assert.match(wrong.lines[0]!, /WRONGPASS/)
  const none = machine()
  assert.notEqual(await outcome(none, locked.port, {}), 'ok')
  assert.match(none.lines.join(), /NOAUTH/)
  assert.doesNotMatch([...wrong.lines, ...none.lines].join(), /wrong-word|open-sesame/)
})

test('a secret that Redis itself repeats is not written to the log', async () => {
  const old = await openRedis({ args: ['--rename-command', 'AUTH', ''] })
  const own = machine()
  await outcome(own, old.port, { password: 'repeated-word' })
  await until('a line is written', () => own.lines.length > 0)
  assert.doesNotMatch(own.lines.join(), /repeated-word/)
  assert.match(own.lines.join(), /\*\*\*/)
  await old.close()
})

test('a user with a handful of rights is enough, and what is forbidden to it fails alone', async (t) => {
  const own = machine()
  t.after(() => own.door.close())
  const user = { username: 'limiter', password: 'limiter-word' }
  const link = own.door.open(settings(locked.port, user))
  const asks = [fixed('ratelimit:acl', 5), sliding('ratelimit:slide', 5, 1000)]
  assert.deepEqual(await Promise.all(asks.map((ask) => ask.by(link))), ['ok', 'refused'])
  assert.equal(await fixed('elsewhere', 5).by(link), 'refused')
  assert.match(own.lines.join(), /can't run this command|NOPERM|No permissions/i)
})

test('counters are in the database that the settings name', async () => {
  const own = machine()
  const link = own.door.open(settings(locked.port, { password: SECRET, database: 3 }))
  assert.equal(await fixed('ratelimit:db', 5).by(link), 'ok')
  assert.equal(await locked.call('-n', '3', 'get', 'ratelimit:db:0:hour'), '1')
  own.door.close()
})

test('a database that does not exist is no reason to count in another', async () => {
  const own = machine()
  const wrong = settings(locked.port, { password: SECRET, database: 9, timeout: 500 })
  const link = own.door.open(wrong)
  assert.notEqual(await fixed('ratelimit:nowhere', 5).by(link), 'ok')
  await pause(200)
  assert.notEqual(await fixed('ratelimit:nowhere', 5).by(link), 'ok')
  assert.equal(await locked.call('exists', 'ratelimit:nowhere:0:hour'), '0')
  assert.match(own.lines.join(), /DB index is out of range/)
  own.door.close()
})

test('over TLS: unverified, or verified by authority and name', async () => {
  const trusted = [readFileSync(certificates.authority, 'utf8')]
  assert.equal(await outcome(machine(), secure.port, { ssl: true }), 'ok')
  const verified = { ssl: true, ssl_verify: true, server_name: 'redis.test' }
  assert.equal(await outcome(machine({ trusted }), secure.port, verified), 'ok')

  for (const [own, more, reason] of [
    [machine(), verified, /self-signed|unable to verify|local issuer/],
    [machine({ trusted }), { ...verified, server_name: 'other.test' }, /altnames|does not match/i],
  ] as const) {
    assert.equal(await outcome(own, secure.port, more), 'closed')
    assert.match(own.lines[0]!, reason)
  }
})

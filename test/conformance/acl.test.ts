/** What clients and targets see of acl behind key-auth, on both engines. */
import assert from 'node:assert/strict'
import { eachEngine, type Rig } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import type { Message } from '../kit/message.ts'

/** A route a case. */
const ACLS: Record<string, { acl: object; auth: object | null }> = {
  allow: { acl: { allow: ['staff', 'boss'] }, auth: {} },
  deny: { acl: { deny: ['staff'] }, auth: {} },
  hidden: { acl: { allow: ['staff'], hide_groups_header: true }, auth: {} },
  guests: { acl: { allow: ['staff'] }, auth: { anonymous: 'guest' } },
  open: { acl: { allow: ['staff'] }, auth: null },
  gold: { acl: { allow: ['gold'], include_consumer_groups: true }, auth: {} },
}
const CANNOT = 'You cannot consume this service'

function config(port: number): string {
  const routes = Object.entries(ACLS).map(([name, { acl, auth }]) => ({
    name,
    paths: [`/${name}`],
    plugins: [{ name: 'acl', config: acl }, ...(auth === null ? [] : [{ name: 'key-auth', config: auth }])],
  }))
  const consumers = [
    { username: 'jo', keyauth_credentials: [{ key: 'jo' }], acls: [{ group: 'staff' }, { group: 'night' }] },
    { username: 'ed', keyauth_credentials: [{ key: 'ed' }], groups: [{ name: 'gold' }] },
    { username: 'guest' },
  ]
  const service = { name: 'target', host: '127.0.0.1', port, protocol: 'http', routes }
  return kongYml({ services: [service], consumers, consumer_groups: [{ name: 'gold' }] } as never)
}

function get(path: string, key: string, ...lines: string[]): string {
  const fields = key === '' ? lines : [`apikey: ${key}`, ...lines]
  return `${['GET', path, 'HTTP/1.1\r\nHost: a'].join(' ')}\r\n${fields.map((line) => `${line}\r\n`).join('')}\r\n`
}

function assertRefused(rig: Rig, answer: Message, status: number, text: string): void {
  const id = answer.get('x-kong-request-id')
  assert.equal(answer.text, `{\n  "message":"${text}",\n  "request_id":"${id}"\n}`)
  assert.equal(answer.status, status)
  assert.equal(answer.get('content-type'), 'application/json; charset=utf-8')
  assert.deepEqual(rig.target.requests, [])
}

eachEngine('acl', { config, env: { SLUICE_WORKERS: '2' } }, (check) => {
  check('a member of an allowed group passes, and the target is told all its groups', async (rig) => {
    // The uws engine takes no names with underscores at all.
    const forged = rig.engine === 'node' ? ['X_Consumer_Groups: root'] : []
    const answer = await rig.ask(get('/allow', 'jo', 'X-Consumer-Groups: root', ...forged))
    assert.equal(answer.status, 200)
    assert.deepEqual(rig.target.last.all('x-consumer-groups'), ['staff, night'])
    assert.equal(rig.target.last.get('x_consumer_groups'), undefined)
  })

  check('who is in no allowed group is refused with 403 in Kong’s words', async (rig) => {
    assertRefused(rig, await rig.ask(get('/allow', 'ed')), 403, CANNOT)
    assertRefused(rig, await rig.ask(get('/deny', 'jo')), 403, CANNOT)
  })

  check('who is in no denied group passes', async (rig) => {
    assert.equal((await rig.ask(get('/deny', 'ed'))).status, 200)
    assert.equal(rig.target.last.get('x-consumer-groups'), '')
  })

  check('groups are hidden from the target where they are to be', async (rig) => {
    assert.equal((await rig.ask(get('/hidden', 'jo', 'X-Consumer-Groups: root'))).status, 200)
    assert.equal(rig.target.last.get('x-consumer-groups'), undefined)
  })

  check('authentication comes first: a bad key is its 401, not ours', async (rig) => {
    assertRefused(rig, await rig.ask(get('/allow', 'nobody')), 401, 'Unauthorized')
    assertRefused(rig, await rig.ask(get('/allow', '')), 401, 'No API key found in request')
  })

  check('an anonymous consumer without groups, and nobody at all, are asked who they are', async (rig) => {
    assertRefused(rig, await rig.ask(get('/guests', '')), 401, 'Unauthorized')
    assertRefused(rig, await rig.ask(get('/open', 'jo')), 401, 'Unauthorized')
    assert.equal((await rig.ask(get('/guests', 'jo'))).status, 200)
  })

  check('consumer groups count where they are to', async (rig) => {
    assert.equal((await rig.ask(get('/gold', 'ed'))).status, 200)
    assert.equal(rig.target.last.get('x-consumer-groups'), 'gold')
    rig.target.forget()
    assertRefused(rig, await rig.ask(get('/gold', 'jo')), 403, CANNOT)
  })
})

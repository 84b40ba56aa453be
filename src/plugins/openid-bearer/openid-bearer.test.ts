/** openid-bearer before a small issuer: which tokens pass, what the target is told, and what holds while the issuer is away. */
import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import { SignJWT } from 'jose'
import { identityOf, makeIdentities } from '../../../test/kit/auth-rig.ts'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { TestIssuer } from '../../../test/kit/issuer.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { validate } from '../../config/validate.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE, type Handler, NEXT, type Verdict, WAIT } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import { getField } from '../../http1/fields.ts'
import { authenticatedGroups } from '../../identity/authenticated-groups.ts'
import openidBearer from './openid-bearer.ts'

let issuer: TestIssuer
const handlers: Handler[] = []

before(async () => {
  issuer = await TestIssuer.open()
})
beforeEach(() => {
  for (const handler of handlers.splice(0)) handler.close?.()
  issuer.isAway = false
  issuer.document = {}
  issuer.asked.length = 0
})
after(() => issuer.close())

class Rig {
  readonly handler: Handler
  readonly log: string[] = []
  nowMs = 1_000_000
  laterMs = 0

  constructor(config: Record<string, Value> = {}) {
    const { value, findings } = validate(openidBearer.schema, {
      issuer: issuer.url,
      audience: ['orders'],
      ...config,
    })
    assert.deepEqual(findings, [])
    const host = makeHost({
      identities: makeIdentities({}),
      wall: () => Date.now() + this.laterMs,
      now: () => this.nowMs,
      log: (level, message) => this.log.push(`${level}: ${message}`),
    })
    const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
    this.handler = openidBearer.build(value as never, host, scope) // it passed its own schema
    handlers.push(this.handler)
  }

  /** The verdict in the end, and whether the request had to wait for it. */
  async ask(...lines: string[]): Promise<{ x: Exchange; verdict: Verdict; waited: boolean }> {
    const x = exchangeOf(`GET / HTTP/1.1\nHost: a\n${lines.map((line) => `${line}\n`).join('')}`)
    const ended = new Promise<Verdict>((resolve) => {
      x.flow = { resume: () => resolve(NEXT), finish: () => resolve(DONE) }
    })
    const verdict = this.handler.onRequest!(x)
    return { x, verdict: verdict === WAIT ? await ended : verdict, waited: verdict === WAIT }
  }

  async bear(token: string): Promise<{ x: Exchange; verdict: Verdict; waited: boolean }> {
    return await this.ask(`Authorization: Bearer ${token}`)
  }

  async passes(token: string): Promise<boolean> {
    return (await this.bear(token)).verdict === NEXT
  }

  /** Status, message and challenge of a refusal. */
  async refusal(...lines: string[]): Promise<[status: number, message: string, challenge: string | null]> {
    const { x, verdict } = await this.ask(...lines)
    assert.equal(verdict, DONE)
    const { message } = JSON.parse(Buffer.from(x.answerBody).toString())
    return [x.status, message, getField(x.response, 'www-authenticate')]
  }

  async problem(token: string): Promise<string> {
    const [status, message, challenge] = await this.refusal(`Authorization: Bearer ${token}`)
    assert.equal(status, 401)
    const problem = message.replace('Bad token; ', '')
    assert.equal(challenge, `Bearer error="invalid_token", error_description="${problem}"`)
    return problem
  }
}

test('a token that the issuer has signed passes; its keys are fetched once, by the first request', async () => {
  const rig = new Rig()
  const first = await rig.bear(await issuer.mint())
  assert.deepEqual([first.verdict, first.waited, first.x.credentialId], [NEXT, true, 'somebody'])
  for (let i = 0; i < 3; i++) {
    const { verdict, waited } = await rig.bear(await issuer.mint({ n: i }))
    assert.deepEqual([verdict, waited], [NEXT, false])
  }
  assert.deepEqual(issuer.asked, ['/.well-known/openid-configuration', '/keys'])
})

test('requests that come while the keys are fetched wait for one fetch', async () => {
  const rig = new Rig({ jwks_uri: `${issuer.url}/keys` })
  const token = await issuer.mint()
  const all = await Promise.all(Array.from({ length: 20 }, () => rig.bear(token)))
  assert.ok(all.every(({ verdict, waited }) => verdict === NEXT && waited))
  assert.deepEqual(issuer.asked, ['/keys'])
})

test('who sends no token is told that one is needed, and two are refused', async () => {
  const rig = new Rig({ realm: 'shop' })
  for (const lines of [[], ['Authorization: Basic am86am8='], ['Authorization: Bearer ']])
    assert.deepEqual(await rig.refusal(...lines), [401, 'Unauthorized', 'Bearer realm="shop"'])
  const token = await issuer.mint()
  const [status, message] = await rig.refusal(
    `Authorization: Bearer ${token}`,
    `Authorization: Bearer ${token}`,
  )
  assert.deepEqual([status, message], [401, 'Bad token; there are several'])
})

test('a token for others, by others, before or after its time is refused and told why', async () => {
  const rig = new Rig({ leeway: 5 })
  const now = Math.floor(Date.now() / 1000)
  const cases: [object, string][] = [
    [{ aud: 'other' }, 'it is for another audience'],
    [{ aud: undefined }, 'it is for another audience'],
    [{ aud: ['x', 5] }, 'it is for another audience'],
    [{ iss: `${issuer.url}/` }, 'it is of another issuer'],
    [{ exp: undefined }, 'it does not say when it ends'],
    [{ exp: 'tomorrow' }, 'it does not say when it ends'],
    [{ exp: now - 6 }, 'it has expired'],
    [{ nbf: now + 60 }, 'it is not valid yet'],
    [{ nbf: 'x' }, 'it is not valid yet'],
  ]
  for (const [claims, problem] of cases) assert.equal(await rig.problem(await issuer.mint(claims)), problem)
  assert.equal(
    await rig.passes(await issuer.mint({ aud: ['x', 'orders'], exp: now + 600, nbf: now + 3 })),
    true,
  )
  const good = await issuer.mint({ exp: now + 60 })
  assert.equal(await rig.passes(good), true)
  rig.laterMs = 66_000
  assert.equal(await rig.problem(good), 'it has expired')
})

test('no algorithm but those that are allowed, no secret in a key’s place, and no changed byte', async () => {
  const rig = new Rig()
  const token = await issuer.mint()
  assert.equal(await rig.passes(token), true)
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = token.split('.')[1]!
  assert.equal(await rig.problem(`${part({ alg: 'none' })}.${claims}.`), 'invalid alg')
  const signed = `${part({ alg: 'HS256', kid: 'one' })}.${claims}`
  const mac = createHmac('sha256', 'x').update(signed).digest('base64url')
  assert.equal(await rig.problem(`${signed}.${mac}`), 'invalid alg')
  assert.equal(await new Rig({ algorithms: ['RS256'] }).problem(token), 'invalid alg')
  for (let at = 0; at < token.length; at += 7) {
    const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
    assert.equal(await rig.passes(changed), false, `byte ${at}`)
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const stranger = await new SignJWT({ iss: issuer.url, aud: 'orders', exp: 2e9 })
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .sign(privateKey)
  assert.equal(await rig.problem(stranger), 'invalid signature')
})

test('a key that is new is fetched when a token names it, and not more often than the cooldown allows', async () => {
  const rig = new Rig({ jwks_cooldown: 30 })
  assert.equal(await rig.passes(await issuer.mint()), true)
  issuer.addKey('two')
  const token = await issuer.mint({}, { kid: 'two' })
  assert.equal(await rig.problem(token), 'it is signed by a key that is not known')
  rig.nowMs += 30_000
  const { verdict, waited } = await rig.bear(token)
  assert.deepEqual([verdict, waited], [NEXT, true])
  const fetched = issuer.asked.length
  const unknown = await issuer.mint({}, { kid: 'two', header: { kid: 'three' } })
  for (let i = 0; i < 5; i++)
    assert.equal(await rig.problem(unknown), 'it is signed by a key that is not known')
  assert.equal(issuer.asked.length, fetched)
  issuer.dropKey('two')
})

test('a token whose key the issuer has withdrawn passes no more once the keys are fetched anew', async () => {
  const rig = new Rig({ jwks_refresh: 60 })
  issuer.addKey('leaked')
  const [token, other] = [await issuer.mint({}, { kid: 'leaked' }), await issuer.mint({}, { kid: 'one' })]
  assert.deepEqual([await rig.passes(token), await rig.passes(other)], [true, true])
  issuer.dropKey('leaked')
  rig.nowMs += 60_000
  assert.equal(await rig.passes(token), true, 'this one has the keys fetched')
  // One that names no known key waits for that fetch.
  await rig.bear(await issuer.mint({}, { kid: 'one', header: { kid: 'unknown' } }))
  assert.equal(await rig.problem(token), 'it is signed by a key that is not known')
  assert.equal(await rig.passes(other), true)
})

test('while the issuer is away the last good keys stay, and without any the answer is 503 and not 401', async () => {
  const rig = new Rig({ jwks_refresh: 60 })
  issuer.isAway = true
  const token = await issuer.mint()
  const { x, verdict } = await rig.bear(token)
  assert.deepEqual([verdict, x.status, getField(x.response, 'retry-after')], [DONE, 503, '1'])
  assert.match(Buffer.from(x.answerBody).toString(), /its issuer can not be reached/)
  assert.match(rig.log[0] ?? '', /^error: .*no keys from .*refused with 503: .*it answered 500/)
  assert.equal((await rig.bear(token)).waited, false, 'it is not asked again at once')
  issuer.isAway = false
  rig.nowMs += 1000
  assert.equal(await rig.passes(token), true)
  issuer.isAway = true
  rig.nowMs += 60_000
  for (let i = 0; i < 3; i++) assert.equal(await rig.passes(await issuer.mint({ i })), true)
  const unknown = await issuer.mint({}, { header: { kid: 'new' } })
  rig.nowMs += 60_000
  assert.equal((await rig.bear(unknown)).x.status, 503, 'nobody can tell whether that key is new')
  assert.match(rig.log.at(-1) ?? '', /the last good ones stay/)
})

test('nobody becomes a guest because the issuer is away', async () => {
  const rig = new Rig({ anonymous: 'guest' })
  issuer.isAway = true
  assert.equal((await rig.bear(await issuer.mint())).x.status, 503)
  const { x, verdict } = await rig.bear('x')
  assert.deepEqual([verdict, x.consumer?.username], [NEXT, 'guest'])
})

test('a discovery document of another issuer is not believed', async () => {
  issuer.document = { issuer: 'https://evil.example' }
  const rig = new Rig()
  assert.equal((await rig.bear(await issuer.mint())).x.status, 503)
  assert.match(rig.log[0] ?? '', /it is of another issuer: "https:\/\/evil.example"/)
})

test('scopes that are asked for must all be there', async () => {
  const rig = new Rig({ scopes: ['read', 'write'], realm: 'r' })
  for (const claims of [{ scope: 'write admin read' }, { scp: ['read', 'write'] }, { scp: 'read write' }])
    assert.equal(await rig.passes(await issuer.mint(claims)), true, JSON.stringify(claims))
  const challenge = 'Bearer realm="r", error="insufficient_scope", scope="read write"'
  for (const claims of [
    {},
    { scope: 'read' },
    { scope: 'readwrite' },
    { scope: 5 },
    { scp: ['read write'] },
  ]) {
    const sent = `Authorization: Bearer ${await issuer.mint(claims)}`
    for (let i = 0; i < 2; i++)
      assert.deepEqual(await rig.refusal(sent), [403, 'The token lacks a scope', challenge])
  }
})

test('a claim names the consumer, and who is none is refused unless that may be', async () => {
  const config = { consumer_claim: 'preferred_username' }
  const rig = new Rig(config)
  const { x } = await rig.bear(await issuer.mint({ preferred_username: 'jo' }))
  assert.deepEqual(identityOf(x), {
    'X-Consumer-ID': 'id-of-jo',
    'X-Consumer-Custom-ID': '42',
    'X-Consumer-Username': 'jo',
    'X-Credential-Identifier': 'somebody',
  })
  assert.equal((await rig.bear(await issuer.mint({ preferred_username: '42' }))).x.consumer?.username, 'jo')
  for (const name of ['nobody', '', 5, undefined]) {
    const sent = `Authorization: Bearer ${await issuer.mint({ preferred_username: name })}`
    assert.deepEqual(await rig.refusal(sent), [403, 'No consumer for the token', null])
  }
  const optional = new Rig({ ...config, consumer_optional: true })
  const other = await optional.bear(await issuer.mint({ preferred_username: 'nobody' }))
  assert.deepEqual([other.verdict, other.x.consumer, other.x.credentialId], [NEXT, null, 'somebody'])
  const byName = new Rig({ ...config, consumer_by: ['username'] })
  assert.equal(await byName.passes(await issuer.mint({ preferred_username: '42' })), false)
})

test('a token that stands for no consumer does not have the rights of whom an earlier plugin took it for', async () => {
  const rig = new Rig()
  const token = await issuer.mint()
  await rig.bear(token)
  const x = exchangeOf(`GET / HTTP/1.1\nHost: a\nAuthorization: Bearer ${token}\n`)
  x.consumer = makeIdentities({}).consumer('jo')
  assert.ok(x.consumer)
  assert.deepEqual([rig.handler.onRequest!(x), x.consumer, x.credentialId], [NEXT, null, 'somebody'])
})

test('the target gets the claims that are named, and nothing that a client says under those headers', async () => {
  const upstream_headers = {
    'X-User': 'sub',
    'X-Groups': 'groups',
    'X-Age': 'age',
    'X-None': 'none',
    'X-Odd': 'odd',
  }
  const rig = new Rig({ upstream_headers, groups_claim: 'groups', hide_credentials: true })
  const token = await issuer.mint({ groups: ['a', 'b'], age: 5, odd: 'ä\r\nX-Admin: 1', secret: 'x' })
  for (let i = 0; i < 2; i++) {
    const forged = ['X-User: root', 'x_user: root', 'X-NONE: me', 'X-Consumer-Username: root']
    const { x } = await rig.ask(`Authorization: Bearer ${token}`, ...forged)
    const told = [
      'x-user',
      'x_user',
      'x-groups',
      'x-age',
      'x-none',
      'authorization',
      'x-consumer-username',
      'x-admin',
    ]
    assert.deepEqual(
      told.map((name) => getField(x.request, name)),
      ['somebody', null, 'a,b', '5', null, null, null, null],
    )
    assert.equal(getField(x.request, 'x-odd'), Buffer.from('ä%0D%0AX-Admin: 1').toString('latin1'))
    assert.deepEqual(authenticatedGroups(x), ['a', 'b'])
  }
})

const ASKING = { introspect: true, client_id: 'the gateway', client_secret: 'p:s&ß' }

test('of a token that is no JWT the issuer is asked, once for as long as its answer counts', async () => {
  issuer.active.set('opaque&1', { active: true, sub: 'jo', aud: 'orders', scope: 'read' })
  const rig = new Rig({ ...ASKING, scopes: ['read'], consumer_claim: 'sub', introspection_ttl: 10 })
  const all = await Promise.all([rig.bear('opaque&1'), rig.bear('opaque&1')])
  for (const { verdict, x } of all) assert.deepEqual([verdict, x.consumer?.username], [NEXT, 'jo'])
  assert.equal(await rig.passes('opaque&1'), true)
  const question = '/introspect token=opaque%261&token_type_hint=access_token'
  assert.deepEqual(issuer.asked, ['/.well-known/openid-configuration', question])
  const pair = 'the+gateway:p%3As%26%C3%9F'
  assert.equal(issuer.authorization, `Basic ${Buffer.from(pair).toString('base64')}`)
  rig.laterMs = 10_000
  issuer.active.delete('opaque&1')
  assert.equal(await rig.problem('opaque&1'), 'it is not active')
  assert.equal(issuer.asked.length, 3)
  for (let i = 0; i < 3; i++) assert.equal(await rig.problem('opaque&1'), 'it is not active')
  assert.equal(issuer.asked.length, 3, 'what is not active is remembered too')
})

test('what the issuer says of a token must hold: for us, of it, in time, and active to the letter', async () => {
  const rig = new Rig(ASKING)
  const good = { active: true, aud: 'orders' }
  const cases: [object, string][] = [
    [{ ...good, active: 'true' }, 'it is not active'],
    [{ ...good, aud: 'other' }, 'it is for another audience'],
    [{ active: true }, 'it is for another audience'],
    [{ ...good, iss: 'other' }, 'it is of another issuer'],
    [{ ...good, exp: 1 }, 'it has expired'],
    [{ ...good, nbf: 9e9 }, 'it is not valid yet'],
  ]
  for (const [i, [told, problem]] of cases.entries()) {
    issuer.active.set(`opaque-${i}`, told)
    assert.equal(await rig.problem(`opaque-${i}`), problem)
  }
  assert.equal(await new Rig().problem('opaque'), 'it is no JWT')
})

test('where the issuer can not be asked the answer is 503, and it does not stay', async () => {
  issuer.active.set('opaque', { active: true, aud: 'orders' })
  const rig = new Rig(ASKING)
  issuer.isAway = true
  assert.equal((await rig.bear('opaque')).x.status, 503)
  issuer.isAway = false
  assert.equal(await rig.passes('opaque'), true)
  assert.ok(rig.log.length > 0)
  assert.ok(!rig.log.join('').includes('opaque'), 'no token in the log')
})

test('keys outlive a reload', async () => {
  const config = { jwks_uri: `${issuer.url}/keys` }
  assert.equal(await new Rig(config).passes(await issuer.mint()), true)
  const old = handlers.at(-1)!
  const next = new Rig(config)
  old.close?.()
  issuer.isAway = true
  assert.equal(await next.passes(await issuer.mint()), true)
})

test('the schema refuses what can not work', () => {
  const good = { issuer: 'https://id.example' }
  assert.deepEqual(validate(openidBearer.schema, good).findings, [])
  const wrong: [Record<string, Value>, RegExp][] = [
    [{}, /required field missing/],
    [{ issuer: 'id.example' }, /expected an http or https URL/],
    [{ issuer: 'https://a:b@id.example' }, /may hold no password/],
    [{ ...good, jwks_uri: 'file:///etc/passwd' }, /expected an http or https URL/],
    [{ ...good, algorithms: ['HS256'] }, /expected one of/],
    [{ ...good, introspect: true }, /introspect needs client_id and client_secret/],
    [{ ...good, upstream_headers: { 'X User': 'sub' } }, /bad header name/],
    [{ ...good, upstream_headers: { 'Content-Length': 'sub' } }, /it is the gateway's to write/],
  ]
  for (const [config, message] of wrong)
    assert.match(
      validate(openidBearer.schema, config)
        .findings.map((finding) => finding.message)
        .join(),
      message,
    )
})

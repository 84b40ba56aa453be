/** oauth2 apart from the gateway: what its schema refuses, what is kept and what not, and what a broken disk does. */
import assert from 'node:assert/strict'
import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeIdentities } from '../../../test/kit/auth-rig.ts'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { MemoryState } from '../../../test/kit/memory-state.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { faults } from '../../base/faults.ts'
import { validate } from '../../config/validate.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE, type Handler, NEXT, type Verdict } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import { getField } from '../../http1/fields.ts'
import { checkSecret } from './endpoints/check-secret.ts'
import oauth2 from './oauth2.ts'
import { makeToken } from './records.ts'

const CLIENT = { client_id: 'shop', client_secret: 's3cret-of-shop' }
const LOGIN = { provision_key: 'page', authenticated_userid: 'user-7' }
const ALL = {
  provision_key: 'page',
  enable_password_grant: true,
  enable_client_credentials: true,
  global_credentials: true,
  accept_http_if_already_terminated: true,
}

class Rig {
  nowMs = 1_700_000_000_000
  readonly state = new MemoryState(() => this.nowMs)
  readonly log: string[] = []
  readonly handler: Handler

  constructor(own: Record<string, Value> = {}) {
    const { value, findings } = validate(oauth2.schema, { ...ALL, ...own } as Value)
    assert.deepEqual(findings, [])
    const credential = { consumer: 'id-of-jo', name: 'shop', client_type: 'confidential', ...CLIENT }
    const declared = { credential: 'oauth2_credentials-0', expires_in: 60, refresh_token: null }
    const host = makeHost({
      identities: makeIdentities({
        oauth2_credentials: [{ ...credential, hash_secret: false, redirect_uris: null }],
        oauth2_tokens: [
          { ...declared, access_token: 'old' },
          { ...declared, access_token: 'for-ever', expires_in: 0 },
        ],
      }),
      random: randomBytes,
      wall: () => this.nowMs,
      state: this.state,
      log: (...said) => this.log.push(JSON.stringify(said)),
    })
    const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
    this.handler = oauth2.build(value as never, host, scope) // it passed its own schema
  }

  async ask(text: string, body: string | null = null): Promise<{ x: Exchange; verdict: Verdict }> {
    const x = exchangeOf(text)
    x.clientTrusted = true
    x.forwardedScheme = 'https'
    if (body !== null) x.requestBody = Buffer.from(body)
    const later = new Promise<Verdict>((resolve) => {
      x.flow = { resume: () => resolve(NEXT), finish: () => resolve(DONE) }
    })
    const verdict = this.handler.onRequest!(x)
    return { x, verdict: verdict === NEXT || verdict === DONE ? verdict : await later }
  }

  async token(given: Record<string, string>): Promise<Record<string, string>> {
    const type = 'Content-Type: application/json'
    const { x } = await this.ask(
      `POST /oauth2/token HTTP/1.1\nHost: a\n${type}\n`,
      JSON.stringify({ ...CLIENT, ...given }),
    )
    return JSON.parse(Buffer.from(x.answerBody).toString())
  }

  async passes(token: string): Promise<boolean> {
    return (await this.ask(`GET /x HTTP/1.1\nHost: a\nAuthorization: Bearer ${token}\n`)).verdict === NEXT
  }
}

test('a configuration needs a grant, and scopes where one is mandatory', () => {
  const said = (config: Record<string, Value>) => JSON.stringify(validate(oauth2.schema, config).findings)
  assert.match(
    said({}),
    /at least one of these fields must be true: enable_authorization_code, enable_implicit_grant, enable_client_credentials, enable_password_grant/,
  )
  assert.match(said({ ...ALL, mandatory_scope: true }), /required field missing/)
  assert.match(said({ ...ALL, pkce: 'maybe' }), /expected one of: none, lax, strict/)
  assert.equal(said({ ...ALL, mandatory_scope: true, scopes: ['a'] }), '[]')
})

test('nothing in the state lets anybody in, and nothing of a token is in the log', async () => {
  const rig = new Rig()
  const { access_token = '', refresh_token = '' } = await rig.token({ grant_type: 'password', ...LOGIN })
  assert.equal(await rig.passes(access_token), true)
  await rig.token({ grant_type: 'refresh_token', refresh_token })
  await rig.token({ grant_type: 'refresh_token', refresh_token })
  const written = rig.state.dump() + rig.log.join('\n')
  for (const secret of [access_token, refresh_token, CLIENT.client_secret, LOGIN.provision_key])
    assert.ok(!written.includes(secret), secret)
  assert.match(rig.log.join(), /used twice/)
})

test('a good token is asked for once a second, and a revoked one is refused after that second', async () => {
  const rig = new Rig()
  const { access_token = '', refresh_token = '' } = await rig.token({ grant_type: 'password', ...LOGIN })
  await rig.passes(access_token)
  const before = rig.state.gets
  for (let i = 0; i < 50; i++) assert.equal(await rig.passes(access_token), true)
  assert.equal(rig.state.gets, before)
  await rig.token({ grant_type: 'refresh_token', refresh_token })
  rig.nowMs += 1000
  assert.equal(await rig.passes(access_token), false)
})

test('a token ends when its time is over, also one that was just found good, and one of the file', async () => {
  const rig = new Rig({ token_expiration: 7200 })
  const { access_token = '' } = await rig.token({ grant_type: 'client_credentials' })
  rig.nowMs += 7_199_500
  assert.equal(await rig.passes(access_token), true)
  rig.nowMs += 499
  assert.equal(await rig.passes(access_token), true)
  rig.nowMs += 1
  assert.equal(await rig.passes(access_token), false)
  assert.equal(await rig.passes('for-ever'), true)
  assert.equal(await rig.passes('old'), false)
})

test('a disk that fails lets nobody in and gives no token, with a fault that says so', async () => {
  const rig = new Rig({ anonymous: 'guest' })
  rig.state.isBroken = true
  const { x, verdict } = await rig.ask('GET /x HTTP/1.1\nHost: a\nAuthorization: Bearer some\n')
  assert.equal(verdict, DONE)
  assert.equal(x.fault, faults.STATE_UNAVAILABLE)
  assert.equal(x.consumer, null)
  const made = await rig.ask(
    `POST /oauth2/token?${new URLSearchParams({ ...CLIENT, grant_type: 'client_credentials' })} HTTP/1.1\nHost: a\n`,
  )
  assert.equal(made.x.fault, faults.STATE_UNAVAILABLE)
})

test('whatever stands in the header, the plugin answers, and no stranger passes', async () => {
  const rig = new Rig()
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary-ascii', maxLength: 600 }), async (text) => {
      const value = text.replace(/[^\t\x20-\x7e]/g, '')
      const { x, verdict } = await rig.ask(`GET /x HTTP/1.1\nHost: a\nAuthorization: Bearer ${value}\n`)
      assert.equal(verdict, DONE)
      assert.equal(x.status, 401)
    }),
  )
})

test('whatever a body holds, the token endpoint answers with an error', async () => {
  const rig = new Rig()
  const type = fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'text/plain')
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .dictionary(
        fc.constantFrom(
          'grant_type',
          'client_id',
          'client_secret',
          'code',
          '__proto__',
          'scope',
          'redirect_uri',
        ),
        fc.oneof(
          fc.string(),
          fc.constantFrom('shop', 'password'),
          fc.array(fc.string()),
          fc.boolean(),
          fc.integer(),
        ),
      )
      .map((value) => JSON.stringify(value)),
  )
  await fc.assert(
    fc.asyncProperty(type, body, async (kind, text) => {
      const head = `POST /oauth2/token HTTP/1.1\nHost: a\nContent-Type: ${kind}\n`
      const { x, verdict } = await rig.ask(head, text)
      assert.equal(verdict, DONE)
      assert.equal(x.status, 400)
      assert.ok('error' in JSON.parse(Buffer.from(x.answerBody).toString()))
    }),
  )
})

test('a body is needed at the endpoints, and where it alone may have the token', () => {
  const { handler } = new Rig()
  const wants = (line: string, ...lines: string[]) => {
    const x = exchangeOf(`${line} HTTP/1.1\nHost: a\n${lines.map((each) => `${each}\n`).join('')}`)
    x.requestLength = 100
    return handler.wantsRequestBody?.(x)
  }
  const form = 'Content-Type: application/x-www-form-urlencoded'
  assert.equal(wants('POST /a/oauth2/token'), true)
  assert.equal(wants('POST /a/oauth2/authorize/'), true)
  assert.equal(wants('POST /a', form), true)
  assert.equal(wants('POST /a', form, 'Authorization: Bearer x'), false)
  assert.equal(wants('POST /a?access_token=1', form), false)
  assert.equal(wants('POST /a', 'Content-Type: image/png'), false)
  assert.equal(wants('GET /a', form), false)
  assert.equal(wants('POST /a/oauth2/tokens', 'Content-Type: image/png'), false)
})

test('tokens are 32 letters and digits, each as likely as the others', () => {
  const seen = new Map<string, number>()
  for (let i = 0; i < 2000; i++) {
    const token = makeToken(randomBytes)
    assert.match(token, /^[A-Za-z0-9]{32}$/)
    for (const letter of token) seen.set(letter, (seen.get(letter) ?? 0) + 1)
  }
  assert.equal(seen.size, 62)
  // 1032 on average; seven times the standard deviation.
  for (const count of seen.values()) assert.ok(Math.abs(count - 1032) < 7 * 32, String(count))
})

test('a hashed secret is checked as it was made, and one that is broken is nobody’s', async () => {
  const salt = Buffer.from('salt').toString('base64').replace(/=+$/, '')
  // RFC 6070's form for SHA-512, of this project's own making.
  const hash = pbkdf2Sync('s', 'salt', 1000, 32, 'sha512').toString('base64').replace(/=+$/, '')
  const stored = `$pbkdf2-sha512$i=1000,l=32$${salt}$${hash}`
  assert.equal(await checkSecret({ given: 's', stored }), true)
  assert.equal(await checkSecret({ given: 't', stored }), false)
  assert.equal(await checkSecret({ given: 's', stored: stored.replace('l=32', 'l=31') }), false)
  assert.equal(await checkSecret({ given: 's', stored: 's' }), false)
})

test('what the client claims of a user is taken out before anybody is asked', async () => {
  const rig = new Rig({ anonymous: 'guest' })
  const { x } = await rig.ask(
    'GET /x HTTP/1.1\nHost: a\nX-Authenticated-UserId: root\nx_authenticated_scope: all\n',
  )
  assert.equal(getField(x.request, 'x-authenticated-userid'), null)
  assert.equal(getField(x.request, 'x_authenticated_scope'), null)
})

/** The rules that all authentication plugins share: who is known, who is anonymous, what the target is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { identityOf, makeIdentities } from '../../test/kit/auth-rig.ts'
import { exchangeOf } from '../../test/kit/balancer-rig.ts'
import { makeHost } from '../../test/kit/plugin-host.ts'
import { faults } from '../base/faults.ts'
import type { Consumer } from '../contract/plan.ts'
import { DONE, NEXT } from '../contract/plugin.ts'
import { getField, makeConstantField, setField } from '../http1/fields.ts'
import { Authentication, type AuthenticationOptions } from './authentication.ts'
import { makeIdentityFields } from './identity-fields.ts'

const identities = makeIdentities({
  jwt_secrets: [
    { consumer: 'id-of-jo', key: 'issuer', secret: 's' },
    { consumer: 'id-of-ed', key: 'another', secret: 's' },
  ],
})
const [OF_JO, OF_ED] = identities.credentials('jwt_secrets')

const FORGED = [
  'X-Consumer-ID: me',
  'x-consumer-username: root',
  'X-CONSUMER-CUSTOM-ID: 1',
  'X-Credential-Identifier: k',
  'X-Anonymous-Consumer: true',
  'X_Consumer_Username: root',
  'X-Consumer_ID: me',
  'X-Consumer-ID: me too',
]

test('the target is told who asks, and nothing that a client says under those names', () => {
  const x = exchangeOf(`GET / HTTP/1.1\nHost: a\n${FORGED.join('\n')}\nX-Consumer-Name: kept\n`)
  assert.equal(rules().accept(x, OF_JO!), NEXT)
  assert.deepEqual(identityOf(x), {
    'X-Consumer-Name': 'kept',
    'X-Consumer-ID': 'id-of-jo',
    'X-Consumer-Custom-ID': '42',
    'X-Consumer-Username': 'jo',
    'X-Credential-Identifier': 'issuer',
  })
  assert.deepEqual([x.consumer?.username, x.credentialId], ['jo', 'jwt_secrets-0'])
})

test('what an earlier plugin has copied from the client under those names is taken out, underscores or not', () => {
  const x = exchangeOf()
  for (const name of ['X-Consumer-ID', 'X_Consumer_Username', 'x-anonymous_consumer'])
    setField(x.request, name, 'root')
  rules().accept(x, OF_ED!)
  assert.deepEqual(identityOf(x), {
    'X-Consumer-ID': 'id-of-ed',
    'X-Consumer-Username': 'ed',
    'X-Credential-Identifier': 'another',
  })
})

test('what a consumer does not have is taken out and not made up', () => {
  const x = exchangeOf('GET / HTTP/1.1\nHost: a\nX-Consumer-Custom-ID: 1\n')
  rules().accept(x, OF_ED!)
  assert.equal(getField(x.request, 'x-consumer-custom-id'), null)
})

test('of two plugins that must both pass the later one says who it is', () => {
  const x = exchangeOf()
  rules().accept(x, OF_JO!)
  setField(x.request, 'X-Else', 'stays')
  rules().accept(x, OF_ED!)
  assert.deepEqual(identityOf(x), {
    'X-Consumer-ID': 'id-of-ed',
    'X-Consumer-Username': 'ed',
    'X-Credential-Identifier': 'another',
  })
  assert.equal(getField(x.request, 'x-else'), 'stays')
})

test('who is not known is refused with 401 and told what to send', () => {
  const x = exchangeOf()
  assert.equal(rules().refuse(x, 'No way'), DONE)
  assert.deepEqual([x.fault, x.faultStatus, x.faultText], [faults.UNAUTHORIZED, 401, 'No way'])
  assert.equal(getField(x.response, 'www-authenticate'), 'Key realm="a"')
})

test('a plugin may refuse with a body, a challenge and a status of its own', () => {
  const body = Buffer.from('{"exp":"token expired"}')
  const challenge = makeConstantField('WWW-Authenticate', 'Own')
  for (const [status, given, said] of [
    [401, undefined, 'Own'],
    [403, 403, 'Own'],
    [401, 401, null],
  ] as const) {
    const x = exchangeOf()
    assert.equal(rules().refuseAs(x, body, said === null ? null : challenge, given), DONE)
    assert.deepEqual([x.status, x.answerBody], [status, body])
    assert.equal(getField(x.response, 'www-authenticate'), said)
  }
  const x = exchangeOf()
  assert.equal(rules({ anonymous: 'guest' }).refuseAs(x, body, challenge), NEXT)
  assert.deepEqual([x.consumer?.username, x.status], ['guest', 0])
})

for (const name of ['guest', 'id-of-guest']) {
  test(`with anonymous ${name} who is not known goes on as that consumer`, () => {
    const x = exchangeOf(`GET / HTTP/1.1\nHost: a\n${FORGED.join('\n')}\n`)
    assert.equal(rules({ anonymous: name }).refuse(x, 'No way'), NEXT)
    assert.deepEqual(identityOf(x), {
      'X-Consumer-ID': 'id-of-guest',
      'X-Consumer-Username': 'guest',
      'X-Anonymous-Consumer': 'true',
    })
    assert.deepEqual([x.consumer?.username, x.credentialId], ['guest', ''])
    assert.equal(getField(x.response, 'www-authenticate'), null)
  })
}

test('with anonymous a request that an earlier plugin knows is not asked again, without it is', () => {
  const x = exchangeOf()
  assert.equal(rules({ anonymous: 'guest' }).isDone(x), false)
  rules({ anonymous: 'guest' }).refuse(x, 'No way')
  assert.equal(rules({ anonymous: 'guest' }).isDone(x), false, 'the anonymous consumer proves nothing')
  rules().accept(x, OF_JO!)
  assert.equal(rules({ anonymous: 'guest' }).isDone(x), true)
  assert.equal(rules().isDone(x), false)
})

test('who has come down to anonymous has no credential any more', () => {
  const x = exchangeOf()
  rules().accept(x, OF_JO!)
  rules({ anonymous: 'guest' }).refuse(x, 'No way')
  assert.deepEqual([x.consumer?.username, x.credentialId], ['guest', ''])
})

test('who then proves who it is is anonymous no more', () => {
  const x = exchangeOf()
  rules({ anonymous: 'guest' }).refuse(x, 'No way')
  rules({ anonymous: 'guest' }).accept(x, OF_ED!)
  assert.equal(getField(x.request, 'x-anonymous-consumer'), null)
  assert.equal(x.consumer?.username, 'ed')
})

test('an anonymous consumer that is not there answers 500 and is logged when the plugin is built', () => {
  const said: string[] = []
  const host = makeHost({ identities, log: (level, message) => said.push(`${level}: ${message}`) })
  const x = exchangeOf()
  assert.equal(rules({ anonymous: 'nobody', host }).refuse(x, 'No way'), DONE)
  const text = "anonymous consumer nobody is configured but doesn't exist"
  assert.deepEqual([x.faultStatus, x.faultText], [500, text])
  assert.deepEqual(said, [`error: ${text}`])
})

test('a request that is let by unasked loses what it says of itself, and keeps what a plugin said', () => {
  const forged = exchangeOf(`GET / HTTP/1.1\nHost: a\n${FORGED.join('\n')}\n`)
  rules().passBy(forged)
  assert.deepEqual(identityOf(forged), {})
  const known = exchangeOf()
  rules().accept(known, OF_ED!)
  rules().passBy(known)
  assert.equal(identityOf(known)['X-Consumer-Username'], 'ed')
})

test('names beyond ASCII go as UTF-8, and a line break in one cannot begin a field', () => {
  // What fields are made of.
  const consumer = { id: 'c', username: 'jürgen→\r\nX-Admin: 1', customId: null } as Consumer
  const field = makeIdentityFields(consumer, '').find(({ name }) => name === 'X-Consumer-Username')
  assert.equal(Buffer.from(field!.line!).toString(), 'X-Consumer-Username: jürgen→%0D%0AX-Admin: 1\r\n')
})

// the rig

function rules(options: Partial<AuthenticationOptions> = {}): Authentication {
  const host = makeHost({ identities })
  return new Authentication({
    anonymous: null,
    identifier: 'key',
    challenge: 'Key realm="a"',
    host,
    ...options,
  })
}

/** Whom mtls-auth lets pass, as whom, what the target is told, and what it says to whom it refuses. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { identityOf, makeIdentities } from '../../../test/kit/auth-rig.ts'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { type Made, make } from '../../../test/kit/client-certificates.ts'
import { FakeClient } from '../../../test/kit/flow-rig.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { faults } from '../../base/faults.ts'
import { validate } from '../../config/validate.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE, type Handler, NEXT } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import type { ClientTls } from '../../contract/tls.ts'
import { getField, listFields } from '../../http1/fields.ts'
import { authenticatedGroups } from '../../identity/authenticated-groups.ts'
import mtlsAuth from './mtls-auth.ts'

const ROOT_ID = '11111111-1111-4111-8111-111111111111'
const OTHER_ID = '22222222-2222-4222-8222-222222222222'
const NONE_SENT = '401 No required TLS certificate was sent'
const NOT_VERIFIED = '401 TLS certificate failed verification'
const NOBODYS = '401 Unauthorized'

const identities = makeIdentities({
  mtls_auth_credentials: [
    { consumer: 'id-of-jo', subject_name: 'jo@example.org', ca_certificate: null },
    { consumer: 'id-of-ed', subject_name: 'shared', ca_certificate: OTHER_ID },
    { consumer: 'id-of-jo', subject_name: 'shared', ca_certificate: ROOT_ID },
    { consumer: 'id-of-guest', subject_name: 'shared', ca_certificate: null },
    { consumer: 'id-of-ed', subject_name: 'other only', ca_certificate: OTHER_ID },
  ],
})
let root: Made
let other: Made

before(async () => {
  root = await make('root', { isAuthority: true })
  other = await make('other', { isAuthority: true })
})

test('a request without TLS, or without a certificate, is refused with 401 and a challenge', async () => {
  const handler = open()
  assert.equal(outcomeOf(ask(handler, null)), NONE_SENT)
  const x = ask(handler, tlsOf())
  assert.equal(outcomeOf(x), NONE_SENT)
  assert.equal(getField(x.response, 'www-authenticate'), 'ClientCertificate')
  assert.equal(x.fault, faults.UNAUTHORIZED)
})

test('a certificate of somebody else’s authority is refused, and the operator is told why', async () => {
  const x = ask(open(), tlsOf(await make('jo', { by: other })))
  assert.equal(outcomeOf(x), NOT_VERIFIED)
  assert.equal(x.detail, 'no trusted authority has signed it')
})

for (const [what, name, altNames, config, outcome] of [
  ['a username', 'ed', [], {}, 'ed'],
  ['a custom id', '42', [], {}, 'jo'],
  ['a custom id where only usernames count', '42', [], { consumer_by: ['username'] }, NOBODYS],
  ['a consumer’s id', 'id-of-jo', [], {}, NOBODYS],
  ['a name of nobody', 'nobody', [], {}, NOBODYS],
  ['a credential’s name among its other names', 'x', ['jo@example.org'], {}, 'jo'],
  ['other names before its own', 'ed', ['jo@example.org'], {}, 'jo'],
  ['a credential that names the authority, before one that does not', 'shared', [], {}, 'jo'],
  ['a credential of another authority', 'other only', [], {}, NOBODYS],
  ['nobody, where there is a default', 'nobody', [], { default_consumer: 'guest' }, 'guest'],
  ['nothing, where nobody is let in by name', 'ed', [], { consumer_by: [] }, NOBODYS],
] as const) {
  test(`a certificate that names ${what} comes to: ${outcome}`, async () => {
    const wish = altNames.map((value) => ({ type: 'email' as const, value }))
    const leaf = await make(name, { by: root, ...(wish.length > 0 ? { altNames: wish } : {}) })
    assert.equal(outcomeOf(ask(open(config), tlsOf(leaf))), outcome)
  })
}

test('the target is told who it is, whatever the client says of itself', async () => {
  const leaf = await make('ed', { by: root })
  const x = ask(open(), tlsOf(leaf), 'X-Consumer-Username: root\n')
  assert.deepEqual(identityOf(x), {
    'X-Consumer-ID': 'id-of-ed',
    'X-Consumer-Username': 'ed',
    'X-Credential-Identifier': 'id-of-ed',
  })
  assert.equal(x.credentialId, 'id-of-ed')
})

test('a certificate is looked at once a connection, and again when it has ended', async () => {
  let wallMs = Date.now()
  const handler = open({}, () => wallMs)
  const tls = tlsOf(await make('ed', { by: root, to: 2 }))
  assert.equal(outcomeOf(ask(handler, tls)), 'ed')
  const certificates = tls.certificates
  Object.assign(tls, { certificates: [Buffer.from('what is not looked at any more')] })
  assert.equal(outcomeOf(ask(handler, tls)), 'ed')
  Object.assign(tls, { certificates })
  wallMs += 3 * 86_400_000
  const x = ask(handler, tls)
  assert.deepEqual([outcomeOf(x), x.detail], [NOT_VERIFIED, 'CN=ed has expired'])
})

test('with anonymous whoever has no certificate goes on as that consumer, and who is known already is not asked', async () => {
  const handler = open({ anonymous: 'guest' })
  for (const tls of [null, tlsOf(), tlsOf(await make('ed', { by: other }))]) {
    const x = ask(handler, tls)
    assert.equal(identityOf(x)['X-Anonymous-Consumer'], 'true')
    assert.equal(outcomeOf(x), 'guest')
  }
  const known = requestOf(tlsOf(await make('ed', { by: root })))
  known.credentialId = 'by-key'
  assert.equal(handler.onRequest?.(known), NEXT)
  assert.equal(known.consumer, null)
})

test('without a look-up of consumers a valid certificate is enough, and its name is a group for acl', async () => {
  const leaf = await make('x', {
    by: root,
    subject: 'O=Shop, CN=till',
    altNames: [{ type: 'dns', value: 'till.example' }],
  })
  const x = ask(
    open({ skip_consumer_lookup: true }),
    tlsOf(leaf),
    'X-Consumer-ID: me\nX-Client-Cert-DN: CN=root\n',
  )
  assert.deepEqual([x.consumer, authenticatedGroups(x)], [null, ['till']])
  assert.match(x.credentialId, /^[0-9a-f]{64}$/)
  assert.deepEqual(identityOf(x), {})
  assert.deepEqual(told(x), { 'X-Client-Cert-DN': 'CN=till,O=Shop', 'X-Client-Cert-SAN': 'till.example' })
  const byName = ask(open({ skip_consumer_lookup: true, authenticated_group_by: 'DN' }), tlsOf(leaf))
  assert.deepEqual(authenticatedGroups(byName), ['CN=till,O=Shop'])
})

test('the certificate goes to the target where it is to, in fields of ours and of RFC 9440', async () => {
  const middle = await make('middle', { by: root, isAuthority: true })
  const leaf = await make('ed', { by: middle })
  const tls = tlsOf(leaf, middle)
  const fields = told(ask(open({ forward_certificate: 'fields' }), tls))
  assert.equal(decodeURIComponent(fields['X-Client-Cert'] ?? ''), leaf.pem)
  assert.equal(fields['X-Client-Cert-Subject'], 'CN=ed')
  assert.equal(fields['X-Client-Cert-Issuer'], 'CN=middle')
  assert.equal(fields['X-Client-Cert-Serial'], '01')
  assert.match(fields['X-Client-Cert-Fingerprint'] ?? '', /^[0-9a-f]{64}$/)
  assert.equal(fields['Client-Cert'], undefined)
  const standard = told(ask(open({ forward_certificate: 'client-cert' }), tls))
  assert.deepEqual(standard, {
    'Client-Cert': `:${leaf.der.toString('base64')}:`,
    'Client-Cert-Chain': `:${middle.der.toString('base64')}:`,
  })
  assert.equal(Object.keys(told(ask(open({ forward_certificate: 'both' }), tls))).length, 7)
})

test('what a client says of its certificate never reaches the target, however it writes it', async () => {
  const forged = [
    'X-Client-Cert',
    'x_client_cert',
    'X-Client-Cert-Subject',
    'X-Client-Cert-Anything',
    'Client-Cert',
  ]
  const lines = [...forged, 'client_cert_chain', 'X-Client_Cert-DN']
    .map((name) => `${name}: forged\n`)
    .join('')
  for (const [config, tls] of [
    [{}, tlsOf(await make('ed', { by: root }))],
    [{ anonymous: 'guest' }, null],
    [{ forward_certificate: 'both' }, tlsOf(await make('ed', { by: root }))],
  ] as const) {
    const x = ask(open(config), tls, `${lines}X-Client: stays\n`)
    assert.ok(!listFields(x.request).some(([, value]) => value === 'forged'))
    assert.equal(getField(x.request, 'x-client'), 'stays')
  }
})

test('an authority that is not configured stops the configuration, by name', () => {
  assert.throws(() => open({ ca_certificates: [OTHER_ID] }), /no CA certificate has the id 22222222-/)
  assert.throws(() => open({ default_consumer: 'nobody' }), /default_consumer nobody doesn't exist/)
})

test('listeners are told to ask for certificates', () => {
  assert.equal(mtlsAuth.asksForCertificates, true)
})

for (const [config, path, message] of [
  [{}, 'ca_certificates', 'required field missing'],
  [{ ca_certificates: [] }, 'ca_certificates', 'length must be at least 1'],
  [{ ca_certificates: ['root'] }, 'ca_certificates.0', 'expected a valid UUID'],
  [
    { ca_certificates: [ROOT_ID], consumer_by: ['id'] },
    'consumer_by.0',
    'expected one of: username, custom_id',
  ],
  [
    { ca_certificates: [ROOT_ID], authenticated_group_by: 'OU' },
    'authenticated_group_by',
    'expected one of: CN, DN',
  ],
  [{ ca_certificates: [ROOT_ID], depth: 10 }, 'depth', 'value should be between 0 and 9'],
  [
    { ca_certificates: [ROOT_ID], revocation_check_mode: 'STRICT' },
    'revocation_check_mode',
    'revocation is not checked here, so STRICT can not be kept; use SKIP',
  ],
] as const) {
  test(`the configuration ${JSON.stringify(config).slice(0, 60)} is refused: ${message}`, () => {
    const { findings } = validate(mtlsAuth.schema, config as unknown as Value)
    const said = findings.map((finding) => `${finding.path.join('.')}: ${finding.message}`)
    assert.ok(said.includes(`${path}: ${message}`), said.join('\n'))
  })
}

// the rig

function open(config: object = {}, wall: () => number = Date.now): Handler {
  const { value, findings } = validate(mtlsAuth.schema, { ca_certificates: [ROOT_ID], ...config } as Value)
  assert.deepEqual(findings, [])
  const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
  const caCertificate = (id: string) => (id === ROOT_ID ? root.pem : null)
  return mtlsAuth.build(value as never, makeHost({ identities, caCertificate, wall }), scope)
}

/** One connection. */
function tlsOf(...chain: readonly Made[]): ClientTls {
  return { protocol: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', certificates: chain.map(({ der }) => der) }
}

function requestOf(tls: ClientTls | null, lines = ''): Exchange {
  const x = exchangeOf(`GET / HTTP/1.1\nHost: a\n${lines}`)
  x.client = Object.assign(new FakeClient(), { tls })
  return x
}

function ask(handler: Handler, tls: ClientTls | null, lines = ''): Exchange {
  const x = requestOf(tls, lines)
  assert.equal(handler.onRequest?.(x), x.fault === faults.NONE ? NEXT : DONE)
  return x
}

function outcomeOf(x: Exchange): string {
  return x.fault === faults.NONE ? (x.consumer?.username ?? '') : `${x.faultStatus} ${x.faultText}`
}

/** What the target is told of the certificate. */
function told(x: Exchange): Record<string, string> {
  return Object.fromEntries(listFields(x.request).filter(([name]) => /client-cert/i.test(name)))
}

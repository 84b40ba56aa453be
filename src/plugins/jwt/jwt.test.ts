/** jwt as Kong's users know it: where a token may be, which ones pass, and what the others are told. */
import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { AuthRig, identityOf, makeIdentities } from '../../../test/kit/auth-rig.ts'
import { validate } from '../../config/validate.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE, NEXT } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import { getField, setField } from '../../http1/fields.ts'
import jwt from './jwt.ts'

const NOW_S = 1_700_000_000
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const PEM = EC.publicKey.export({ type: 'spki', format: 'pem' }).toString()

const identities = makeIdentities({
  jwt_secrets: [
    { consumer: 'id-of-jo', key: 'of-jo', secret: 's3cret', algorithm: 'HS256', rsa_public_key: null },
    { consumer: 'id-of-ed', key: 'of-ed', secret: 'czNjcmV0', algorithm: 'HS512', rsa_public_key: null },
    { consumer: 'id-of-ed', key: 'of-ec', secret: 'x', algorithm: 'ES256', rsa_public_key: PEM },
    { consumer: 'id-of-ed', key: 'no-key', secret: null, algorithm: 'HS256', rsa_public_key: null },
    { consumer: 'id-of-ed', key: 'no-pem', secret: 's3cret', algorithm: 'RS256', rsa_public_key: null },
    { consumer: 'id-of-ed', key: 'not-rsa', secret: 's3cret', algorithm: 'RS256', rsa_public_key: PEM },
  ],
})

type Claims = Record<string, unknown>

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function mint(
  claims: unknown = { iss: 'of-jo' },
  secret = 's3cret',
  header: Claims = { alg: 'HS256' },
): string {
  const signed = `${part(header)}.${part(claims)}`
  const hash = `sha${String(header['alg']).slice(2)}`
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`
}

function mintEc(claims: Claims): string {
  const signed = `${part({ alg: 'ES256' })}.${part(claims)}`
  const key = { key: EC.privateKey, dsaEncoding: 'ieee-p1363' } as const
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`
}

function rigOf(config: Record<string, Value> = {}): AuthRig {
  return new AuthRig(jwt, config, { identities, wallMs: NOW_S * 1000 })
}

function head(...lines: string[]): string {
  return `GET / HTTP/1.1\nHost: a\n${lines.map((line) => `${line}\n`).join('')}`
}

const bearer = (token: string): string => head(`Authorization: Bearer ${token}`)

function askWith(rig: AuthRig, token: string): Exchange {
  return rig.ask(bearer(token)).x
}

/** The body and the challenge of a refusal. */
function refusal({ x, verdict }: { x: Exchange; verdict: number | undefined }): [string, string | null] {
  assert.deepEqual([verdict, x.status], [DONE, 401])
  assert.equal(getField(x.response, 'content-type'), 'application/json; charset=utf-8')
  return [Buffer.from(x.answerBody).toString(), getField(x.response, 'www-authenticate')]
}

const messageOf = (rig: AuthRig, token: string): string => {
  const [body, challenge] = refusal(rig.ask(bearer(token)))
  assert.equal(challenge, 'Bearer error="invalid_token"')
  const { message } = JSON.parse(body)
  assert.equal(body, JSON.stringify({ message }))
  return message
}

test('a token that a consumer’s key has signed passes, and the target is told whose it is', () => {
  const rig = rigOf()
  for (let i = 0; i < 3; i++) {
    const { x, verdict } = rig.ask(head(`Authorization: Bearer ${mint()}`, 'X-Consumer-Username: root'))
    assert.equal(verdict, NEXT)
    assert.deepEqual(identityOf(x), {
      'X-Consumer-ID': 'id-of-jo',
      'X-Consumer-Custom-ID': '42',
      'X-Consumer-Username': 'jo',
      'X-Credential-Identifier': 'of-jo',
    })
    assert.equal(x.credentialId, 'jwt_secrets-0')
  }
  assert.equal(askWith(rig, mintEc({ iss: 'of-ec' })).consumer?.username, 'ed')
  assert.equal(askWith(rig, mint({ iss: 'of-ed' }, 'czNjcmV0', { alg: 'HS512' })).consumer?.username, 'ed')
})

test('without a token the answer is 401, with a challenge that names the realm', () => {
  const expected = '{"message":"Unauthorized"}'
  assert.deepEqual(refusal(rigOf().ask(head())), [expected, 'Bearer'])
  assert.deepEqual(refusal(rigOf({ realm: 'a "b"' }).ask(head())), [expected, 'Bearer realm="a \\"b\\""'])
  for (const line of [
    'Authorization: Basic am86am8=',
    'Authorization: Bearer',
    'Authorization: Bearer  ',
    'Cookie: jwt=x',
  ])
    assert.deepEqual(refusal(rigOf().ask(head(line))), [expected, 'Bearer'], line)
  const [, challenge] = refusal(rigOf({ realm: 'r' }).ask(bearer('x')))
  assert.equal(challenge, 'Bearer realm="r", error="invalid_token"')
})

test('a token is found in every place that is named, and nowhere else', () => {
  const token = mint()
  const rig = rigOf({
    cookie_names: ['sid', 'other'],
    header_names: ['X-Token', 'authorization'],
    uri_param_names: ['t'],
  })
  for (const text of [
    `GET /?a=1&t=${token} HTTP/1.1\nHost: a\n`,
    `GET /?%74=${token.replaceAll('.', '%2E')}&t HTTP/1.1\nHost: a\n`,
    `GET /?t=&t=${token} HTTP/1.1\nHost: a\n`,
    head(`Cookie: a=b; sid=${token}; c`),
    head('Cookie: sid=', `Cookie: other=${token}`),
    head(`x-token: bearer ${token}`),
    head(`Authorization:   Bearer \t ${token} `),
    head('X-Token: nothing', `Authorization: Bearer ${token}`),
  ])
    assert.equal(rig.ask(text).verdict, NEXT, text)
  for (const text of [
    `GET /?jwt=${token}&tt=${token} HTTP/1.1\nHost: a\n`,
    head(`Cookie: xsid=${token}; sid2=${token}`),
    head(`X-Token: ${token}`),
    head(`X-Other: Bearer ${token}`),
  ])
    assert.deepEqual(refusal(rig.ask(text))[0], '{"message":"Unauthorized"}', text)
  assert.equal(rigOf().ask(`GET /?jwt=${token} HTTP/1.1\nHost: a\n`).verdict, NEXT)
})

test('one token in several places is one, and two that differ are refused', () => {
  const [one, two] = [mint(), mint({ iss: 'of-jo', n: 1 })]
  const rig = rigOf({ cookie_names: ['jwt'] })
  const ask = (query: string, ...lines: string[]) =>
    rig.ask(`GET /?${query} HTTP/1.1\nHost: a\n${lines.map((line) => `${line}\n`).join('')}`)
  const same = [`Cookie: jwt=${one}`, `Authorization: Bearer ${one}`]
  assert.equal(ask(`jwt=${one}&jwt=${one}`, ...same).verdict, NEXT)
  assert.equal(
    ask(`jwt=${one}`, same[1]!, `Authorization: Bearer ${two}`).verdict,
    NEXT,
    'of repeated headers the first',
  )
  for (const { x, verdict } of [
    ask(`jwt=${one}&jwt=${two}`),
    ask(`jwt=${two}`, same[0]!),
    ask('', same[0]!, `Authorization: Bearer ${two}`),
    ask(`jwt=${one}`.concat(`&jwt=${one}`.repeat(20))),
  ])
    assert.deepEqual(refusal({ x, verdict }), [
      '{"message":"Multiple tokens provided"}',
      'Bearer error="invalid_token"',
    ])
})

test('a header that a plugin before this one has set counts', () => {
  const rig = rigOf()
  const { x } = rig.ask(head())
  setField(x.request, 'Authorization', `Bearer ${mint()}`)
  assert.equal(rig.handler.onRequest?.(x), NEXT)
})

test('what can’t be read is refused and told why', () => {
  const rig = rigOf()
  const [header, claims, signature] = mint().split('.') as [string, string, string]
  const raw = (text: string): string => Buffer.from(text).toString('base64url')
  const cases: Record<string, string[]> = {
    'invalid JSON': [
      'x',
      'a.b.c',
      '..',
      `${header}.${claims}`,
      `${header}.${claims}.${signature}.`,
      `${header}=.${claims}.${signature}`,
      `${raw('{"alg":"HS256","alg":"none"}')}.${claims}.${signature}`,
      `${header}.${raw('{"iss":"of-jo","iss":"of-ed"}')}.${signature}`,
      `${raw('[]')}.${claims}.${signature}`,
      `${header}.${claims}.${'A'.repeat(20_000)}`,
    ],
    'invalid alg': ['none', 'None', 'HS1', 'constructor', 5, null, undefined].map(
      (alg) => `${part({ alg })}.${claims}.${signature}`,
    ),
    'invalid claims': ['[]', '1', 'null'].map((text) => `${header}.${raw(text)}.${signature}`),
    'invalid signature': ['=', 'A', '+/', `${signature}=`].map((text) => `${header}.${claims}.${text}`),
    'invalid crit': [mint({ iss: 'of-jo' }, 's3cret', { alg: 'HS256', crit: ['b64'], b64: true })],
  }
  for (const [problem, tokens] of Object.entries(cases))
    for (const token of tokens)
      assert.equal(messageOf(rig, token), `Bad token; ${problem}`, token.slice(0, 99))
})

test('a token says whose it is by a claim, or else by its header', () => {
  const rig = rigOf({ key_claim_name: 'kid' })
  assert.equal(rig.ask(bearer(mint({ kid: 'of-jo' }))).verdict, NEXT)
  assert.equal(rig.ask(bearer(mint({}, 's3cret', { alg: 'HS256', kid: 'of-jo' }))).verdict, NEXT)
  assert.equal(messageOf(rig, mint({ iss: 'of-jo' })), "No mandatory 'kid' in claims")
  assert.equal(messageOf(rigOf({ key_claim_name: 'toString' }), mint()), "No mandatory 'toString' in claims")
  for (const iss of ['', 5, null, [], {}])
    assert.equal(messageOf(rigOf(), mint({ iss })), "Invalid 'iss' in claims")
  assert.equal(messageOf(rigOf(), mint({ iss: 'nobody' })), "No credentials found for given 'iss'")
})

test('the credential says which algorithm counts, never the token', () => {
  const rig = rigOf()
  assert.equal(messageOf(rig, mint({ iss: 'of-jo' }, 's3cret', { alg: 'HS384' })), 'Invalid algorithm')
  // The public key as the secret of an HMAC: what a credential with a free choice would fall for.
  assert.equal(messageOf(rig, mint({ iss: 'of-ec' }, PEM)), 'Invalid algorithm')
  assert.equal(messageOf(rig, mint({ iss: 'of-jo' }, 'wrong')), 'Invalid signature')
  assert.equal(messageOf(rig, `${mint().replace(/[^.]*$/, '')}`), 'Invalid signature')
})

test('a credential without a key for its algorithm is told so, and the operator which one it is', () => {
  const rig = rigOf()
  assert.equal(messageOf(rig, mint({ iss: 'no-key' })), 'Invalid key/secret')
  for (const iss of ['no-pem', 'not-rsa'])
    assert.equal(messageOf(rig, mint({ iss }, 's', { alg: 'RS256' }).replace(/$/, '')), 'Invalid key/secret')
  assert.match(rig.log.join('\n'), /the credential jwt_secrets-3 has no key for HS256/)
  assert.equal(rig.log.length, 3, 'once each')
})

test('secrets may be base64, of either alphabet', () => {
  const claims = { iss: 'of-ed' }
  const header = { alg: 'HS512' }
  assert.equal(rigOf({ secret_is_base64: true }).ask(bearer(mint(claims, 's3cret', header))).verdict, NEXT)
  assert.equal(messageOf(rigOf(), mint(claims, 's3cret', header)), 'Invalid signature')
})

const CLAIM_CASES: readonly (readonly [config: Record<string, Value>, claims: Claims, body: unknown])[] = [
  [{ claims_to_verify: ['exp'] }, { exp: NOW_S }, { exp: 'token expired' }],
  [{ claims_to_verify: ['exp'] }, { exp: NOW_S + 1 }, null],
  [{ claims_to_verify: ['exp'] }, { exp: String(NOW_S + 9) }, { exp: 'must be a number' }],
  [{ claims_to_verify: ['exp'] }, {}, { exp: 'must be a number' }],
  [{ claims_to_verify: ['nbf'] }, { nbf: NOW_S + 1 }, { nbf: 'token not valid yet' }],
  [{ claims_to_verify: ['nbf'] }, { nbf: NOW_S }, null],
  [{ claims_to_verify: ['exp', 'nbf'] }, { exp: 1 }, { exp: 'token expired', nbf: 'must be a number' }],
  [{}, { exp: 1, nbf: NOW_S + 9 }, null],
  [{ maximum_expiration: 60, claims_to_verify: ['exp'] }, { exp: NOW_S + 60 }, null],
  [
    { maximum_expiration: 60, claims_to_verify: ['exp'] },
    { exp: NOW_S + 61 },
    { exp: 'exceeds maximum allowed expiration' },
  ],
  [{ maximum_expiration: 60 }, {}, { exp: 'exceeds maximum allowed expiration' }],
  [{ maximum_expiration: 60 }, { exp: '1' }, { exp: 'must be a number' }],
]

for (const [config, claims, expected] of CLAIM_CASES) {
  test(`${JSON.stringify(config)} and ${JSON.stringify(claims)}: ${JSON.stringify(expected) ?? 'passes'}`, () => {
    const asked = rigOf(config).ask(bearer(mint({ iss: 'of-jo', ...claims })))
    if (expected === null) assert.equal(asked.verdict, NEXT)
    else assert.deepEqual(refusal(asked), [JSON.stringify(expected), 'Bearer error="invalid_token"'])
  })
}

test('a token that was good is refused from its end on, however often it was seen', () => {
  const rig = rigOf({ claims_to_verify: ['exp'] })
  const token = mint({ iss: 'of-jo', exp: NOW_S + 5 })
  for (let i = 0; i < 3; i++) assert.equal(rig.ask(bearer(token)).verdict, NEXT)
  rig.wallMs = (NOW_S + 5) * 1000 - 1
  assert.equal(rig.ask(bearer(token)).verdict, NEXT)
  rig.wallMs = (NOW_S + 5) * 1000
  assert.equal(refusal(rig.ask(bearer(token)))[0], '{"exp":"token expired"}')
})

test('of a token that passed, any byte changed makes it another that does not', () => {
  const rig = rigOf({ claims_to_verify: ['exp'] })
  const token = mint({ iss: 'of-jo', exp: NOW_S + 5 })
  assert.equal(rig.ask(bearer(token)).verdict, NEXT)
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.integer({ min: 33, max: 126 }), (at, code) => {
      const char = String.fromCharCode(code)
      fc.pre(char !== token[at])
      assert.equal(rig.ask(bearer(`${token.slice(0, at)}${char}${token.slice(at + 1)}`)).verdict, DONE)
    }),
    { numRuns: 2000 },
  )
})

test('whatever is sent as a token is answered with 401', () => {
  const rig = rigOf()
  const unit = fc.constantFrom(...'abAB01-_.={}"', 'eyJhbGciOiJIUzI1NiJ9.', part({ iss: 'of-jo' }))
  fc.assert(
    fc.property(fc.string({ unit, minLength: 1, maxLength: 20 }), (token) => {
      assert.equal(rig.ask(bearer(token)).x.status, 401)
    }),
  )
})

test('with anonymous whoever has no good token goes on as that consumer', () => {
  const rig = rigOf({ anonymous: 'guest' })
  for (const text of [head(), bearer('x'), bearer(mint({ iss: 'of-jo' }, 'wrong'))]) {
    const { x, verdict } = rig.ask(text)
    assert.deepEqual([verdict, x.consumer?.username, x.status], [NEXT, 'guest', 0])
    assert.equal(getField(x.response, 'www-authenticate'), null)
  }
  assert.equal(askWith(rig, mint()).consumer?.username, 'jo')
  assert.equal(rigOf({ anonymous: 'nobody' }).ask(head()).x.faultStatus, 500)
})

test('preflights pass unasked where they may', () => {
  const options = `OPTIONS / HTTP/1.1\nHost: a\nX-Consumer-Username: root\n`
  assert.equal(rigOf().ask(options).verdict, DONE)
  const { x, verdict } = rigOf({ run_on_preflight: false }).ask(options)
  assert.deepEqual([verdict, identityOf(x)], [NEXT, {}])
})

test('the schema takes what Kong’s takes, and refuses the rest in Kong’s words', () => {
  const { value } = validate(jwt.schema, {})
  assert.deepEqual(value, {
    uri_param_names: ['jwt'],
    cookie_names: [],
    key_claim_name: 'iss',
    secret_is_base64: false,
    claims_to_verify: null,
    anonymous: null,
    run_on_preflight: true,
    maximum_expiration: 0,
    header_names: ['authorization'],
    realm: null,
  })
  const wrong: [Record<string, Value>, string][] = [
    [{ claims_to_verify: ['iat'] }, 'expected one of: exp, nbf'],
    [{ maximum_expiration: -1 }, 'value should be between 0 and 31536000'],
    [{ maximum_expiration: 31536001 }, 'value should be between 0 and 31536000'],
    [{ secret_is_base64: 'yes' }, 'expected a boolean'],
  ]
  for (const [config, message] of wrong)
    assert.deepEqual(
      validate(jwt.schema, config).findings.map((finding) => finding.message),
      [message],
    )
  assert.deepEqual(validate(jwt.schema, { maximum_expiration: 60 }).findings, [])
})

test('neither a print of the plugin nor a line of its log holds a secret or a token', () => {
  const rig = rigOf()
  const token = mint()
  rig.ask(bearer(token))
  for (const iss of ['no-key', 'not-rsa']) rig.ask(bearer(mint({ iss })))
  const said = inspect(rig.handler, { depth: 9, showHidden: true }) + rig.log.join('')
  assert.ok(!said.includes('s3cret') && !said.includes(token.slice(-40)))
})

/** Whose signature hmac-auth lets pass, in which order it looks, and what it says to whom it refuses. */
import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { AuthRig, identityOf, makeIdentities } from '../../../test/kit/auth-rig.ts'
import { validate } from '../../config/validate.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE, NEXT } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import { addField, getField } from '../../http1/fields.ts'
import hmacAuth from './hmac-auth.ts'

const SECRET = 's3cret-of-jo'
const identities = makeIdentities({
  hmacauth_credentials: [
    { consumer: 'id-of-jo', username: 'jo-signs', secret: SECRET },
    { consumer: 'id-of-ed', username: 'ed, ä', secret: 'ünicode' },
  ],
})
const NOW = Date.UTC(2026, 5, 1, 12)
const DATE = new Date(NOW).toUTCString()
const WITHOUT = 'Unauthorized'
const NO_DATE =
  'HMAC signature cannot be verified, a valid date or x-date header is required for HMAC Authentication'
const NOT_VALID = 'HMAC signature cannot be verified'
const NOT_SAME = 'HMAC signature does not match'

test('a right signature lets the request pass, and the target knows whose it is', () => {
  const { x, verdict } = ask(head({ lines: [`Date: ${DATE}`, sign(`date: ${DATE}`)] }))
  assert.equal(verdict, NEXT)
  assert.deepEqual(identityOf(x), {
    'X-Consumer-ID': 'id-of-jo',
    'X-Consumer-Custom-ID': '42',
    'X-Consumer-Username': 'jo',
    'X-Credential-Identifier': 'jo-signs',
  })
  assert.equal(x.credentialId, 'hmacauth_credentials-0')
  assert.ok(getField(x.request, 'authorization'), 'it stays unless it is to be hidden')
})

for (const algorithm of ['hmac-sha1', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512']) {
  test(`${algorithm} is a way to sign, unless it is not in the list`, () => {
    const text = head({ lines: [`Date: ${DATE}`, sign(`date: ${DATE}`, { algorithm })] })
    assert.equal(outcomeOf(ask(text)), 'jo')
    const others = ['hmac-sha1', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512'].filter(
      (each) => each !== algorithm,
    )
    assert.equal(outcomeOf(ask(text, { algorithms: others })), NOT_VALID)
  })
}

/** What the client lists, and what it has to sign. */
for (const [headers, signed] of [
  ['date', `date: ${DATE}`],
  ['Date', `Date: ${DATE}`],
  ['date host', `date: ${DATE}\nhost: a.example`],
  ['host x-absent', 'host: a.example\nx-absent:'],
  ['host X-Empty', 'host: a.example\nX-Empty: '],
  ['date @request-target', `date: ${DATE}\n@request-target: post /a/b?c=%20d`],
  ['request-line', 'POST /a/b?c=%20d HTTP/1.1'],
  ['request-line date', `POST /a/b?c=%20d HTTP/1.1\ndate: ${DATE}`],
  ['x-twice', 'x-twice: one'],
] as const) {
  test(`headers="${headers}" means signing ${JSON.stringify(signed)}`, () => {
    const lines = [`Date: ${DATE}`, 'X-Empty:', 'X-Twice: one', 'X-Twice: two', sign(signed, { headers })]
    const line = 'POST /a/b?c=%20d HTTP/1.1'
    assert.equal(outcomeOf(ask(head({ line, lines }))), 'jo')
    assert.equal(
      outcomeOf(ask(head({ line: line.replace('/b', '/B').replace('P', 'p'), lines }))),
      headers.includes('re') ? NOT_SAME : 'jo',
    )
  })
}

test('of HTTP/1.0 and of an absolute target the line is what they say', () => {
  const old = head({
    line: 'GET /x HTTP/1.0',
    lines: [`Date: ${DATE}`, sign('GET /x HTTP/1.0', { headers: 'request-line' })],
  })
  assert.equal(outcomeOf(ask(old)), 'jo')
  const target = sign('@request-target: get /x?y', { headers: '@request-target' })
  assert.equal(
    outcomeOf(ask(head({ line: 'GET http://a.example/x?y HTTP/1.1', lines: [`Date: ${DATE}`, target] }))),
    'jo',
  )
})

test('a path may be signed as it was sent, or normalised as Kong does it', () => {
  for (const [signed, outcome] of [
    ['/a/../b?', 'jo'],
    ['/b', 'jo'],
    ['/b?', NOT_SAME],
    ['/a', NOT_SAME],
  ] as const) {
    const rig = open()
    const line = 'GET /a/../b? HTTP/1.1'
    const field = sign(`@request-target: get ${signed}`, { headers: '@request-target' })
    const { x } = rig.ask(head({ line, lines: [`Date: ${DATE}`] }))
    x.pathBytes = Buffer.from('/b')
    x.pathStart = 0
    x.pathEnd = 2
    addField(x.request, 'Authorization', field.slice('Authorization: '.length))
    const verdict = rig.handler.onRequest?.(x)
    assert.equal(outcomeOf({ x, verdict }), outcome, signed)
  }
})

for (const [what, lines, text] of [
  ['nothing', [`Date: ${DATE}`], WITHOUT],
  ['no date', [sign('host: a.example', { headers: 'host' })], NO_DATE],
  ['no date, whatever the field says', ['Authorization: nothing of ours'], NO_DATE],
  ['a date that is none', ['Date: today', sign('date: today')], NO_DATE],
  ['another scheme', [`Date: ${DATE}`, 'Authorization: Basic YTpi'], NOT_VALID],
  ['a user that nobody is', [`Date: ${DATE}`, sign(`date: ${DATE}`, { username: 'nobody' })], NOT_VALID],
  [
    'an algorithm that there is not',
    [`Date: ${DATE}`, sign(`date: ${DATE}`).replace('sha256', 'md5')],
    NOT_VALID,
  ],
  ['the signature of something else', [`Date: ${DATE}`, sign('date: tomorrow')], NOT_SAME],
  [
    'the signature of another secret',
    [`Date: ${DATE}`, sign(`date: ${DATE}`, { secret: 'guess' })],
    NOT_SAME,
  ],
  [
    'a signature that is no base64',
    [`Date: ${DATE}`, sign(`date: ${DATE}`).replace(/signature=".*"/, 'signature="?"')],
    NOT_SAME,
  ],
] as const) {
  test(`${what} is refused with 401, "${text}" and a challenge`, () => {
    const { x, verdict } = ask(head({ lines }))
    assert.deepEqual([verdict, x.faultStatus, x.faultText], [DONE, 401, text])
    assert.equal(getField(x.response, 'www-authenticate'), 'hmac')
    assert.equal(x.consumer, null)
  })
}

test('the challenge names the realm', () => {
  const { x } = ask(head({}), { realm: 'shop "1"' })
  assert.equal(getField(x.response, 'www-authenticate'), 'hmac realm="shop \\"1\\""')
})

test('a date counts within the skew, to both sides, and not beyond it', () => {
  for (const [second, skew, isGood] of [
    [300, 300, true],
    [-300, 300, true],
    [301, 300, false],
    [-301, 300, false],
    [1, 0.5, false],
    [86_400, 86_400, true],
  ] as const) {
    const date = new Date(NOW + second * 1000).toUTCString()
    const lines = [`Date: ${date}`, sign(`date: ${date}`)]
    assert.equal(outcomeOf(ask(head({ lines }), { clock_skew: skew })), isGood ? 'jo' : NO_DATE)
  }
})

test('x-date is a date too, and one of the two is enough', () => {
  const old = new Date(NOW - 3_600_000).toUTCString()
  for (const [xDate, date, outcome] of [
    [DATE, null, 'jo'],
    [DATE, old, 'jo'],
    [old, DATE, 'jo'],
    [old, old, NO_DATE],
  ] as const) {
    const own = [`X-Date: ${xDate}`, ...(date === null ? [] : [`Date: ${date}`])]
    const lines = [...own, sign(`x-date: ${xDate}`, { headers: 'x-date' })]
    assert.equal(outcomeOf(ask(head({ lines }))), outcome)
  }
})

test('what is to be signed has to be in the list, as it is written', () => {
  const lines = [`Date: ${DATE}`, sign(`date: ${DATE}\nhost: a.example`, { headers: 'date host' })]
  const outcome = (...names: string[]) => outcomeOf(ask(head({ lines }), { enforce_headers: names }))
  assert.equal(outcome('date'), 'jo')
  assert.equal(outcome('host', 'date'), 'jo')
  assert.equal(outcome('date', '@request-target'), NOT_VALID)
  assert.equal(outcome('Date'), NOT_VALID)
})

test('Proxy-Authorization is tried first, and Authorization where it is no signature', () => {
  const right = sign(`date: ${DATE}`)
  const toProxy = `Proxy-${right}`
  const wrong = sign('wrong')
  for (const [lines, outcome, hidden] of [
    [[toProxy], 'jo', 'proxy-authorization'],
    [[toProxy, wrong], 'jo', 'proxy-authorization'],
    [[`Proxy-${wrong}`, right], NOT_SAME, 'proxy-authorization'],
    [['Proxy-Authorization: Basic YTpi', right], 'jo', 'authorization'],
  ] as const) {
    const text = head({ lines: [`Date: ${DATE}`, ...lines] })
    assert.equal(outcomeOf(ask(text)), outcome)
    const { x } = ask(text, { hide_credentials: true })
    assert.equal(getField(x.request, hidden), null)
    const other = hidden === 'authorization' ? 'proxy-authorization' : 'authorization'
    assert.equal(getField(x.request, other) === null, lines.length === 1)
  }
})

test('a body has to have the digest it comes with, and none only if it is empty', () => {
  const config = { validate_request_body: true }
  const body = Buffer.from([0, 255, 10, 34])
  const digest = `SHA-256=${createHash('sha256').update(body).digest('base64')}`
  const none = `SHA-256=${createHash('sha256').digest('base64')}`
  const outcome = (sent: string | null, bytes: Buffer | null, own: object = config) => {
    const lines = [`Date: ${DATE}`, ...(sent === null ? [] : [`Digest: ${sent}`]), sign(`date: ${DATE}`)]
    return outcomeOf(ask(head({ lines }), own as Config, bytes))
  }
  assert.equal(outcome(digest, body), 'jo')
  assert.equal(outcome(null, body), NOT_SAME)
  assert.equal(outcome(digest.replace('SHA-256', 'sha-256'), body), NOT_SAME)
  assert.equal(outcome(digest, Buffer.from('other')), NOT_SAME)
  assert.equal(outcome(digest, null), NOT_SAME)
  assert.equal(outcome(null, null), 'jo')
  assert.equal(outcome(none, null), 'jo')
  assert.equal(outcome('whatever', body, {}), 'jo', 'nobody looks')
  assert.equal(open(config).handler.requestBodyMax, 1024 * 1024)
  assert.equal(open().handler.requestBodyMax, 0)
})

test('with anonymous whoever has not signed goes on as that consumer, and who is known is not asked', () => {
  const config = { anonymous: 'guest' }
  assert.equal(outcomeOf(ask(head({}), config)), 'guest')
  assert.equal(outcomeOf(ask(head({ lines: [`Date: ${DATE}`, sign('wrong')] }), config)), 'guest')
  const rig = open(config)
  const { x } = rig.ask(head({}))
  x.credentialId = 'of an earlier plugin'
  assert.equal(rig.handler.onRequest?.(x), NEXT)
  assert.equal(x.credentialId, 'of an earlier plugin')
})

test('names and secrets beyond ASCII count as UTF-8', () => {
  const username = Buffer.from('ed, ä').toString('latin1')
  const lines = [`Date: ${DATE}`, sign(`date: ${DATE}`, { username, secret: 'ünicode' })]
  assert.equal(outcomeOf(ask(head({ lines }))), 'ed')
})

test('a large header that is listed again and again is refused before it is signed', () => {
  const value = 'y'.repeat(4000)
  for (const [times, outcome] of [
    [10, 'jo'],
    [20, NOT_SAME],
  ] as const) {
    const list = Array<string>(times).fill('x')
    const field = sign(list.map((name) => `${name}: ${value}`).join('\n'), { headers: list.join(' ') })
    assert.equal(outcomeOf(ask(head({ lines: [`Date: ${DATE}`, `X: ${value}`, field] }))), outcome)
  }
})

test('no signature but the right one passes, whatever it is', () => {
  const right = createHmac('sha256', SECRET).update(`date: ${DATE}`).digest('base64')
  const near = fc.record({ at: fc.nat(42), char: fc.constantFrom(...'Aa0+/=') }).map(({ at, char }) => {
    return right.slice(0, at) + char + right.slice(at + 1)
  })
  fc.assert(
    fc.property(
      fc.oneof(near, fc.base64String(), fc.stringMatching(/^[^"\r\n\0-\x1f\x7f-\uffff]{1,50}$/)),
      (signature) => {
        const field = sign(`date: ${DATE}`).replace(/signature="[^"]*"/, () => `signature="${signature}"`)
        const isRight = signature === right || `${signature}=` === right
        assert.equal(outcomeOf(ask(head({ lines: [`Date: ${DATE}`, field] }))) === 'jo', isRight, signature)
      },
    ),
  )
})

for (const [config, message] of [
  [{ clock_skew: 0 }, 'value must be greater than 0'],
  [{ algorithms: ['hmac-md5'] }, 'expected one of: hmac-sha1, hmac-sha256, hmac-sha384, hmac-sha512'],
  [{ enforce_headers: 'date' }, 'expected an array'],
  [{ secret: 'x' }, 'unknown field'],
] as const) {
  test(`${JSON.stringify(config)} is refused: ${message}`, () => {
    const { findings } = validate(hmacAuth.schema, config as unknown as Value)
    assert.deepEqual(
      findings.map((finding) => finding.message),
      [message],
    )
  })
}

test('the defaults are Kong’s', () => {
  assert.deepEqual(validate(hmacAuth.schema, {}).value, {
    hide_credentials: false,
    clock_skew: 300,
    anonymous: null,
    validate_request_body: false,
    enforce_headers: [],
    algorithms: ['hmac-sha1', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512'],
    realm: null,
  })
})

// the rig

type Config = { readonly [field: string]: Value }

function open(config: Config = {}): AuthRig {
  return new AuthRig(hmacAuth, config, { identities, wallMs: NOW + 999 })
}

function ask(text: string, config: Config = {}, body: Buffer | null = null) {
  return open(config).ask(text, body)
}

interface Wanted {
  readonly line?: string
  readonly lines?: readonly string[]
}

function head({ line = 'GET /orders HTTP/1.1', lines = [] }: Wanted): string {
  return `${[line, 'Host: a.example', ...lines].join('\n')}\n`
}

interface Signer {
  readonly username?: string
  readonly secret?: string
  readonly algorithm?: string
  readonly headers?: string
}

/** The field of a client that signs this text. */
function sign(text: string, signer: Signer = {}): string {
  const { username = 'jo-signs', secret = SECRET, algorithm = 'hmac-sha256', headers = 'date' } = signer
  const signature = createHmac(algorithm.slice(5), secret).update(text).digest('base64')
  const rest = `algorithm="${algorithm}", headers="${headers}", signature="${signature}"`
  return `Authorization: hmac username="${username}", ${rest}`
}

/** Who it is, or the words of the refusal. */
function outcomeOf({ x, verdict }: { x: Exchange; verdict: number | undefined }): string {
  return verdict === NEXT ? (x.consumer?.username ?? '') : x.faultText
}

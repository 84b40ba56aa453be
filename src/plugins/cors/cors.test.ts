/** What browsers are told of who may ask, in preflights and with answers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { validate } from '../../config/validate.ts'
import { exitJson } from '../../contract/answer.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE, type Handler, NEXT } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import { listFields } from '../../http1/fields.ts'
import cors from './cors.ts'
import { parseOrigin } from './origin-rule.ts'
import { Origins } from './origins.ts'

const ORIGIN = 'https://app.example.com'
const ALL = 'GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT'

test('a preflight is answered with 200, no body and what may be asked', () => {
  const x = preflight({ max_age: 23.5 }, 'Access-Control-Request-Headers: x-one, x-two\n')
  assert.deepEqual([x.status, x.answerBody.length, x.responseLength], [200, 0, 0])
  assert.deepEqual(saidBy(x), {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': ALL,
    'access-control-allow-headers': 'x-one, x-two',
    'access-control-max-age': '23.5',
  })
})

test('what is configured is what a preflight is told', () => {
  const config = { methods: ['GET', 'DELETE'], headers: ['A', 'B'], origins: [ORIGIN], credentials: true }
  const x = preflight(config, 'Access-Control-Request-Headers: x-one\n')
  assert.deepEqual(saidBy(x), {
    'access-control-allow-origin': ORIGIN,
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'GET,DELETE',
    'access-control-allow-headers': 'A,B',
    vary: 'Origin',
  })
})

test('private networks are opened only where configured, to who asks for it', () => {
  const asks = 'Access-Control-Request-Private-Network: true\n'
  const name = 'access-control-allow-private-network'
  assert.equal(saidBy(preflight({ private_network: true }, asks))[name], 'true')
  assert.equal(saidBy(preflight({ private_network: true }))[name], undefined)
  assert.equal(saidBy(preflight({}, asks))[name], undefined)
})

for (const text of [
  'GET / HTTP/1.1\nOrigin: https://a\nAccess-Control-Request-Method: PUT\n',
  'OPTIONS / HTTP/1.1\nAccess-Control-Request-Method: PUT\n',
  'OPTIONS / HTTP/1.1\nOrigin: https://a\n',
]) {
  test(`no preflight: ${text.replaceAll('\n', ' | ')}`, () => {
    assert.equal(open({}).onRequest?.(exchangeOf(text)), NEXT)
  })
}

test('with preflight_continue the target answers, and nothing is added to what it says', () => {
  const handler = open({ preflight_continue: true, exposed_headers: ['A'] })
  const x = exchangeOf(PREFLIGHT)
  assert.equal(handler.onRequest?.(x), NEXT)
  targetSays(x, 'Access-Control-Allow-Origin: https://other\n')
  handler.onResponse?.(x)
  assert.deepEqual(saidBy(x), { 'access-control-allow-origin': 'https://other' })
})

test('a preflight that another plugin refused before is told who may read the refusal', () => {
  const x = exchangeOf(PREFLIGHT)
  exitJson(x, 403, 'no')
  open({ origins: [ORIGIN] }).onResponse?.(x)
  assert.equal(saidBy(x)['access-control-allow-origin'], ORIGIN)
})

test('everybody may ask: "*", and no Vary', () => {
  for (const origins of [null, [], ['*']])
    for (const origin of [ORIGIN, null])
      assert.deepEqual(answerTo({ origins }, origin), { 'access-control-allow-origin': '*' })
})

test('everybody with credentials: whoever asks is named', () => {
  assert.deepEqual(answerTo({ credentials: true }, ORIGIN), {
    'access-control-allow-origin': ORIGIN,
    'access-control-allow-credentials': 'true',
    vary: 'Origin',
  })
  assert.deepEqual(answerTo({ credentials: true }, null), { 'access-control-allow-origin': '*' })
})

test('one plain origin is named whoever asks', () => {
  for (const origin of [ORIGIN, 'https://evil.example', null])
    assert.deepEqual(answerTo({ origins: [ORIGIN] }, origin), {
      'access-control-allow-origin': ORIGIN,
      vary: 'Origin',
    })
})

for (const [origins, origin, allowed] of [
  [['https://a.com', 'https://b.com'], 'https://b.com', 'https://b.com'],
  [['https://a.com', 'https://b.com'], 'https://b.com:443', 'https://b.com'],
  [['https://a.com', 'https://b.com'], 'http://b.com', null],
  [['https://a.com', 'https://b.com:443'], 'https://b.com', 'https://b.com'],
  [['http://a.com', 'http://b.com:8080'], 'http://b.com:8080', 'http://b.com:8080'],
  [['http://a.com', 'http://b.com:8080'], 'http://b.com', null],
  [['a.com', 'b.com'], 'https://b.com:444', 'https://b.com:444'],
  [['a.com', 'b.com'], 'https://b.com.evil.com', null],
  [['.*\\.a\\.com'], 'https://x.a.com:99', 'https://x.a.com:99'],
  [['.*\\.a\\.com'], 'https://x.a.com.evil.com', null],
  [['.*\\.a\\.com'], 'https://a.com', null],
  [['a\\.com|b\\.com'], 'https://a.com.evil', null],
  [['a\\.com|b\\.com'], 'https://b.com', 'https://b.com'],
  [['^https?://(?:.+\\.)?a\\.com$'], 'https://x.a.com', 'https://x.a.com'],
  [['^https?://(?:.+\\.)?a\\.com$'], 'https://a.com:8443', null],
  [['https://[a-z]+\\.a\\.com'], 'http://x.a.com', null],
  [['https://[a-z]+\\.a\\.com'], 'evil-https://x.a.com', null],
  [['[^:]*'], 'null', 'null'],
  [['.*'], 'null', null],
  [['null', 'https://a.com'], 'null', 'null'],
  [['*', 'https://a.com'], 'https://b.com', null],
  [['*', 'https://a.com'], 'https://a.com', 'https://a.com'],
  [['https://a.com', 'https://b.com'], null, null],
] as const) {
  test(`${origins.join(' and ')}: ${origin} is ${allowed === null ? 'not named' : `named ${allowed}`}`, () => {
    const said = answerTo({ origins }, origin, 'Access-Control-Allow-Origin: *\n')
    assert.equal(said['access-control-allow-origin'], allowed ?? undefined)
    assert.equal(said['vary'], 'Origin')
  })
}

test('what the target says of it is replaced', () => {
  const target =
    'access-control-allow-origin: x\nAccess-Control-Expose-Headers: Y\nAccess-Control-Allow-Credentials: false\n'
  const config = { origins: [ORIGIN], exposed_headers: ['A', 'B'], credentials: true }
  assert.deepEqual(answerTo(config, ORIGIN, target), {
    'access-control-allow-origin': ORIGIN,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'A,B',
    vary: 'Origin',
  })
})

for (const [given, vary] of [
  ['Accept-Encoding', 'Accept-Encoding, Origin'],
  ['Accept, origin', 'Accept, origin'],
  ['*', '*'],
  ['X-Origin', 'X-Origin, Origin'],
] as const) {
  test(`where the target says Vary: ${given}, the client is told ${vary}`, () => {
    assert.equal(answerTo({ origins: [ORIGIN] }, ORIGIN, `Vary: ${given}\n`)['vary'], vary)
  })
}

test('with allow_origin_absent off nothing is added for who has no origin', () => {
  const config = { allow_origin_absent: false, origins: [ORIGIN], exposed_headers: ['A'] }
  assert.deepEqual(answerTo(config, null, 'Vary: Accept\n'), { vary: 'Accept' })
  assert.equal(answerTo(config, ORIGIN)['access-control-allow-origin'], ORIGIN)
})

test('the answer is the same the second time, and what is remembered is bounded', () => {
  const entries = ['https://a.com', 'b\\.(?:com|org)', 'c.com']
  const rules = new Origins(entries, makeHost())
  const host = fc.constantFrom('a.com', 'b.com', 'b.org', 'c.com', 'd.com', 'null')
  const origin = fc
    .tuple(fc.constantFrom('http://', 'https://', ''), host, fc.constantFrom('', ':80', ':443', ':9'))
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.array(origin, { maxLength: 30 }), (origins) => {
      for (const each of origins) {
        const { request } = asking(each)
        assert.equal(rules.find(request)?.value, new Origins(entries, makeHost()).find(request)?.value)
      }
    }),
  )
  for (let i = 0; i < 5000; i++) rules.find(asking(`https://${i}.com`).request)
  assert.ok(rules.size <= 2000, `${rules.size}`)
  const long = `https://${'a'.repeat(300)}.com`
  const { size } = rules
  rules.find(asking(long).request)
  assert.equal(rules.size, size)
})

test('an origin that was read is one that reads the same, whatever was sent', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
      const once = parseOrigin(text)
      assert.deepEqual(parseOrigin(once.text), once)
    }),
  )
})

for (const [config, path, message] of [
  [{ origins: ['['] }, 'origins.0', /^'\[' is not a valid regex/],
  [{ origins: ['(?=a)'] }, 'origins.0', /^'\(\?=a\)' is not a valid regex/],
  [{ origins: ['.'.repeat(2049)] }, '', null],
  [{ origins: ['('.repeat(2049)] }, 'origins.0', /longer than 2048 characters/],
  [{ origins: ['(a{1000}){50}'] }, 'origins.0', /is not a valid regex/],
  [{ methods: ['get'] }, 'methods.0', /^expected one of: GET, HEAD, PUT/],
  [{ headers: ['a\r\nb'] }, 'headers.0', /^not a valid header value$/],
  [{ credentials: 'yes' }, 'credentials', /^expected a boolean$/],
  [{ max_age: 'x' }, 'max_age', /^expected a number$/],
  [{ origin: ['a'] }, 'origin', /^unknown field/],
] as const) {
  test(`the configuration ${JSON.stringify(config).slice(0, 50)} is ${message === null ? 'taken' : 'refused'}`, () => {
    const { findings } = validate(cors.schema, config as unknown as Value)
    assert.equal(findings[0]?.path.join('.') ?? '', path)
    if (message !== null) assert.match(findings[0]?.message ?? '', message)
  })
}

// the rig

const PREFLIGHT = `OPTIONS / HTTP/1.1\nHost: a\nOrigin: ${ORIGIN}\nAccess-Control-Request-Method: PUT\n`

function open(config: object): Handler {
  const { value, findings } = validate(cors.schema, config as Value)
  assert.deepEqual(findings, [])
  const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
  return cors.build(value as never, makeHost(), scope)
}

function preflight(config: object, more = ''): Exchange {
  const handler = open(config)
  const x = exchangeOf(`${PREFLIGHT}${more}`)
  assert.equal(handler.onRequest?.(x), DONE)
  handler.onResponse?.(x)
  return x
}

function asking(origin: string): Exchange {
  return exchangeOf(`GET / HTTP/1.1\nHost: a\nOrigin: ${origin}\n`)
}

function answerTo(config: object, origin: string | null, target = ''): Record<string, string> {
  const x = origin === null ? exchangeOf('GET / HTTP/1.1\nHost: a\n') : asking(origin)
  const handler = open(config)
  assert.equal(handler.onRequest?.(x), NEXT)
  targetSays(x, target)
  handler.onResponse?.(x)
  return saidBy(x)
}

function targetSays(x: Exchange, lines: string): void {
  const bytes = Buffer.from(`HTTP/1.1 200 OK\n${lines}\n`.replaceAll('\n', '\r\n'))
  x.response.feed(bytes, 0, bytes.length)
}

function saidBy(x: Exchange): Record<string, string> {
  const said: Record<string, string> = {}
  for (const [name, value] of listFields(x.response)) {
    const lower = name.toLowerCase()
    said[lower] = lower in said ? `${said[lower]}, ${value}` : value
  }
  return said
}

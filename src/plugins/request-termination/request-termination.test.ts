/** What request-termination answers, when, and what it refuses to be configured with. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { validate } from '../../config/validate.ts'
import { Exchange } from '../../contract/exchange.ts'
import type { Client } from '../../contract/listener.ts'
import { PROTOCOL_HTTP, PROTOCOL_HTTPS, type Route, type Service } from '../../contract/plan.ts'
import { DONE, NEXT } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import { getField } from '../../http1/fields.ts'
import { REQUEST_LIMITS } from '../../http1/limits.ts'
import requestTermination from './request-termination.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

test('with nothing configured the answer is 503 with the usual words', () => {
  assert.deepEqual(answerOf({}), { status: 503, type: JSON_TYPE, body: '{"message":"Service unavailable"}' })
})

for (const [status, words] of [
  [401, 'Unauthorized'],
  [404, 'Not found'],
  [405, 'Method not allowed'],
  [500, 'An unexpected error occurred'],
  [502, 'Bad Gateway'],
  [503, 'Service unavailable'],
] as const) {
  test(`${status} without a message says "${words}"`, () => {
    assert.equal(answerOf({ status_code: status })?.body, JSON.stringify({ message: words }))
  })
}

test('another status without a message has an empty body and no Content-Type', () => {
  assert.deepEqual(answerOf({ status_code: 410 }), { status: 410, type: null, body: '' })
})

test('a message is sent as JSON', () => {
  const expected = { status: 403, type: JSON_TYPE, body: '{"message":"so \\"long\\" ✓"}' }
  assert.deepEqual(answerOf({ status_code: 403, message: 'so "long" ✓' }), expected)
})

test('a body is sent as it is, with its content type or with none', () => {
  const config = { status_code: 200, body: '<p>Hi</p>' }
  assert.deepEqual(answerOf({ ...config, content_type: 'text/html' }), {
    status: 200,
    type: 'text/html',
    body: '<p>Hi</p>',
  })
  assert.equal(answerOf(config)?.type, null)
})

test('a trigger answers only requests that have the header or the query argument', () => {
  const config = { trigger: 'X-Stop' }
  assert.equal(answerOf(config), null)
  assert.equal(answerOf(config, { fields: 'x-stop: no\r\n' })?.status, 503)
  assert.equal(answerOf(config, { target: '/?a=1&X-Stop' })?.status, 503)
  assert.equal(answerOf(config, { target: '/?X-Stop=' })?.status, 503)
  assert.equal(answerOf(config, { target: '/?%58-Stop=1' })?.status, 503, 'escaped')
  assert.equal(answerOf(config, { target: '/?x-stop=1' }), null, 'arguments are told apart by case')
  assert.equal(answerOf(config, { target: '/X-Stop?b=X-Stop' }), null)
  assert.equal(answerOf({ trigger: 'x_stop' }, { fields: 'X-Stop: 1\r\n' })?.status, 503)
})

test('three combinations are refused, in the words users of Kong know', () => {
  const refusals = [
    [{ message: 'a', body: 'b' }, 'message cannot be used with content_type or body'],
    [{ content_type: 'text/plain' }, 'content_type requires a body'],
    [{ echo: true, body: 'b' }, 'echo cannot be used with content_type and body'],
  ] as const
  for (const [config, message] of refusals) {
    const { findings } = validate(requestTermination.schema, config)
    assert.deepEqual(
      findings.map((finding) => finding.message),
      [message],
    )
  }
  assert.equal(validate(requestTermination.schema, { status_code: 99 }).findings.length, 1)
  assert.equal(validate(requestTermination.schema, { trigger: 'not a name' }).findings.length, 1)
})

test('an echo tells what the gateway saw', () => {
  const fields = 'Accept: a\r\nAccept: b\r\nContent-Type: application/json\r\n'
  const x = exchange({ target: '/Path?a=1&a=2&flag&b=x+y%C3%A9', fields })
  x.requestBody = Buffer.from('{"k":[1]}')
  x.route = route
  x.captures = { numbered: ['/Path', 'P'], named: { part: 'P' } }
  assert.equal(build({ echo: true, status_code: 418, message: 'hello' }).onRequest?.(x), DONE)
  assert.equal(x.status, 418)
  const told = JSON.parse(Buffer.from(x.answerBody).toString())
  assert.deepEqual(told.kong, { node_id: 'node-1', worker_pid: 7, hostname: 'box' })
  assert.equal(told.message, 'hello')
  assert.deepEqual(told.request, {
    scheme: 'https',
    host: 'shop.test',
    port: 8443,
    headers: { host: 'Shop.test:80', accept: ['a', 'b'], 'content-type': 'application/json' },
    query: { a: ['1', '2'], flag: true, b: 'x yé' },
    body: { k: [1] },
    raw_body: '{"k":[1]}',
    method: 'POST',
    path: '/Path',
    uri_captures: { 0: '/Path', 1: 'P', part: 'P' },
  })
  assert.deepEqual([told.matched_route.name, told.matched_route.protocols], ['orders', ['http', 'https']])
  assert.deepEqual([told.matched_service.host, told.matched_service.read_timeout], ['target.test', 60000])
})

test('an echo leaves out what is not there', () => {
  const x = exchange({})
  build({ echo: true, status_code: 200 }).onRequest?.(x)
  const told = JSON.parse(Buffer.from(x.answerBody).toString())
  assert.deepEqual(Object.keys(told), ['kong', 'request'])
  assert.equal(told.request.raw_body, '')
  assert.ok(!('body' in told.request) && !('uri_captures' in told.request))
})

test('an echo shows a form parsed, and a broken body raw', () => {
  const bodyOf = (type: string, body: string) => {
    const x = exchange({ fields: `Content-Type: ${type}\r\n` })
    x.requestBody = Buffer.from(body)
    build({ echo: true }).onRequest?.(x)
    return JSON.parse(Buffer.from(x.answerBody).toString()).request
  }
  assert.deepEqual(bodyOf('application/x-www-form-urlencoded', 'a=1&b=é').body, { a: '1', b: 'é' })
  assert.equal(bodyOf('application/json', '{"half').body, undefined)
  assert.equal(bodyOf('application/json', '{"half').raw_body, '{"half')
})

test('an echo asks for the body, but not from requests that its trigger may let pass', () => {
  assert.equal(build({ echo: true }).requestBodyMax, 1024 * 1024)
  assert.equal(build({ echo: true, trigger: 'x' }).requestBodyMax, 0)
})

// the rig

const host = makeHost()

const service = { host: 'target.test', readTimeoutMs: 60000 } as Service // what an echo is asked for here
const route = { name: 'orders', service, protocols: PROTOCOL_HTTP | PROTOCOL_HTTPS } as Route

interface Sent {
  readonly target?: string
  readonly fields?: string
}

function exchange({ target = '/', fields = '' }: Sent): Exchange {
  const x = new Exchange(REQUEST_LIMITS)
  const head = Buffer.from(`POST ${target} HTTP/1.1\r\nHost: Shop.test:80\r\n${fields}\r\n`)
  assert.equal(x.request.feed(head, 0, head.length), head.length)
  x.hostStart = head.indexOf('Shop')
  x.hostEnd = x.hostStart + 'Shop.test'.length
  x.pathBytes = x.request.bytes
  x.pathStart = x.request.pathStart
  x.pathEnd = x.request.pathEnd
  x.client = { scheme: 'https', localPort: 8443 } as Client // what an echo reads of it
  return x
}

function build(config: { [key: string]: Value }) {
  const { value, findings } = validate(requestTermination.schema, config)
  assert.deepEqual(findings, [])
  const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
  return requestTermination.build(value as never, host, scope) // validated above
}

/** Null when the request is let pass. */
function answerOf(config: { [key: string]: Value }, sent: Sent = {}) {
  const x = exchange(sent)
  const verdict = build(config).onRequest?.(x)
  if (verdict === NEXT) return null
  assert.equal(verdict, DONE)
  assert.equal(x.responseLength, x.answerBody.length)
  const type = getField(x.response, 'content-type')
  return { status: x.status, type, body: Buffer.from(x.answerBody).toString() }
}

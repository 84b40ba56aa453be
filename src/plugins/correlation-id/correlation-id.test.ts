/** What correlation-id promises to targets, clients and logs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { validate } from '../../config/validate.ts'
import { Exchange } from '../../contract/exchange.ts'
import type { Client } from '../../contract/listener.ts'
import { NEXT } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import { getField, getFields } from '../../http1/fields.ts'
import { REQUEST_LIMITS } from '../../http1/limits.ts'
import correlationId from './correlation-id.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

test('a request without an id goes to the target with one, and logs can read it', () => {
  const x = ask(plugin(), '')
  const id = getField(x.request, 'kong-request-id')
  assert.ok(id)
  assert.equal(x.correlation?.value, id)
})

test('a request that has an id keeps it, under whatever case of the name', () => {
  const x = ask(plugin({ header_name: 'X-Trace' }), 'x-TRACE: from-the-client\r\n')
  assert.deepEqual(getFields(x.request, 'x-trace'), ['from-the-client'])
  assert.equal(x.correlation?.value, 'from-the-client')
})

test('an empty id is replaced, not doubled', () => {
  const ids = getFields(ask(plugin(), 'Kong-Request-ID:\r\n').request, 'kong-request-id')
  assert.equal(ids.length, 1)
  assert.notEqual(ids[0], '')
})

test('generator "uuid#counter" counts up behind one UUID', () => {
  const made = plugin()
  const [first, second] = [idOf(ask(made, '')), idOf(ask(made, ''))].map((id) => id.split('#'))
  assert.match(first![0]!, UUID)
  assert.equal(first![0], second![0])
  assert.deepEqual([first![1], second![1]], ['1', '2'])
})

test('generator "uuid" makes a new UUID of version 4 each time', () => {
  const made = plugin({ generator: 'uuid' })
  const ids = new Set(Array.from({ length: 300 }, () => idOf(ask(made, ''))))
  assert.equal(ids.size, 300)
  for (const id of ids) assert.match(id, UUID)
})

test('generator "tracker" says where, on which connection and when the request came in', () => {
  const x = ask(plugin({ generator: 'tracker' }), '')
  assert.equal(idOf(x), '10.0.0.5-8000-312-77-3-1700000000.120')
})

test('the client gets the id only when asked for', () => {
  const silent = plugin()
  assert.equal(silent.onResponse, undefined)
  const echoing = plugin({ echo_downstream: true })
  const x = ask(echoing, '')
  echoing.onResponse?.(x)
  assert.deepEqual(getFields(x.response, 'kong-request-id'), [idOf(x)])
})

test("the target's own header of that name gives way to the id", () => {
  const echoing = plugin({ echo_downstream: true, header_name: 'X-Id' })
  const x = ask(echoing, 'X-Id: mine\r\n')
  x.response.feed(Buffer.from('HTTP/1.1 200 OK\r\nX-ID: its\r\n\r\n'), 0, 32)
  echoing.onResponse?.(x)
  assert.deepEqual(getFields(x.response, 'x-id'), ['mine'])
})

test('an answer from before the plugin ran, such as 404, has an id too: the one sent, else a new one', () => {
  const echoing = plugin({ echo_downstream: true, generator: 'uuid' })
  const sent = exchange('Kong-Request-ID: mine\r\n')
  echoing.onResponse?.(sent)
  assert.equal(getField(sent.response, 'kong-request-id'), 'mine')
  const none = exchange('')
  echoing.onResponse?.(none)
  assert.match(getField(none.response, 'kong-request-id') ?? '', UUID)
})

test('the configuration is checked: a known generator and a name that can be a header', () => {
  assert.equal(validate(correlationId.schema, {}).findings.length, 0)
  assert.equal(validate(correlationId.schema, { generator: 'nanoid' }).findings.length, 1)
  assert.equal(validate(correlationId.schema, { header_name: 'not a name' }).findings.length, 1)
  for (const header_name of ['Transfer-Encoding', 'content-length', 'Host'])
    assert.equal(validate(correlationId.schema, { header_name }).findings.length, 1, header_name)
})

// the rig

function plugin(config: { [key: string]: Value } = {}) {
  const { value } = validate(correlationId.schema, config)
  const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
  return correlationId.build(value as never, host, scope) // validated one line above
}

let seed = 0
const host = makeHost({
  workerId: 1,
  pid: 312,
  random: (count) =>
    Buffer.from(Array.from({ length: count }, () => (seed = (seed * 48271 + 11) % 2147483647) & 255)),
  wall: () => 1_700_000_000_120,
})

function exchange(fields: string): Exchange {
  const x = new Exchange(REQUEST_LIMITS)
  const head = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`)
  assert.equal(x.request.feed(head, 0, head.length), head.length)
  const client = { localAddress: '10.0.0.5', localPort: 8000, connectionId: 77, requestsOnConnection: 3 }
  x.client = client as Client // what the plugin reads of it
  return x
}

function ask(handler: ReturnType<typeof plugin>, fields: string): Exchange {
  const x = exchange(fields)
  assert.equal(handler.onRequest?.(x), NEXT)
  return x
}

function idOf(x: Exchange): string {
  return getField(x.request, 'kong-request-id') ?? ''
}

/** The bytes of requests. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenLoad } from '../load.ts'
import { renderRequests } from './rendered-request.ts'

const LOAD: OpenLoad = {
  origin: 'http://127.0.0.1:8000',
  method: 'GET',
  paths: ['/a?b=c'],
  fields: { Accept: '*/*' },
  upload: 0,
  rate: 1,
  seconds: 1,
  warmUpSeconds: 0,
  connections: 1,
  timeoutMs: 1000,
}

function text(load: Partial<OpenLoad>): string[] {
  return renderRequests({ ...LOAD, ...load }).map(({ head, rest }) => `${head}${rest}`)
}

test('a request has its host, its fields and no body', () => {
  assert.deepEqual(text({}), ['GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nAccept: */*\r\n\r\n'])
})

test('a Host that is given is the only one', () => {
  assert.deepEqual(text({ fields: { host: 'shop.test' } }), [
    'GET /a?b=c HTTP/1.1\r\nhost: shop.test\r\n\r\n',
  ])
})

test('each path has a request of its own, with the body and its length behind it', () => {
  assert.deepEqual(text({ method: 'POST', paths: ['/1', '/2'], fields: {}, upload: 3 }), [
    'POST /1 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nContent-Length: 3\r\n\r\nxxx',
    'POST /2 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nContent-Length: 3\r\n\r\nxxx',
  ])
})

test('a body of one’s own is sent as it is, a large one once for all paths', () => {
  const body = Buffer.alloc(100_000, 'ä')
  const [first, second] = renderRequests({
    ...LOAD,
    method: 'PUT',
    paths: ['/1', '/2'],
    upload: body.length,
    body: body.toString('base64'),
  })
  assert.ok(first!.head.toString().endsWith('Content-Length: 100000\r\n\r\n'))
  assert.deepEqual(first!.rest, body)
  assert.equal(first!.rest, second!.rest)
})

test('a POST without a body says so', () => {
  assert.match(text({ method: 'POST' })[0]!, /\r\nContent-Length: 0\r\n/)
})

test('what would end a line early is refused', () => {
  assert.throws(() => text({ fields: { A: 'b\r\nC: d' } }), /no field/)
  assert.throws(() => text({ fields: { 'A B': 'c' } }), /no field/)
  assert.throws(() => text({ paths: ['/a b'] }), /path/)
})

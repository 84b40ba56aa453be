/** The gateway's own answers to gRPC calls. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { FakeClient } from '../../../test/kit/flow-rig.ts'
import { answer, exitJson } from '../../contract/answer.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { getField, setField } from '../../http1/fields.ts'
import { encodeMessage, fitForGrpc, grpcStatus, isGrpc } from './grpc-answer.ts'

function call(type: string, isHttp2 = true): Exchange {
  const x = exchangeOf(`POST /a.B/C HTTP/1.1\nHost: a\nContent-Type: ${type}\n`)
  const client = new FakeClient()
  client.isHttp2 = isHttp2
  x.client = client
  return x
}

function told(x: Exchange): (string | number | null)[] {
  const field = (name: string) => getField(x.response, name)
  return [x.status, field('content-type'), field('grpc-status'), field('grpc-message'), x.answerBody.length]
}

test('gRPC is known by its type, and has its own statuses', () => {
  const types = ['application/grpc', 'Application/gRPC+proto', 'application/json', '']
  assert.deepEqual(
    types.map((type) => isGrpc(call(type))),
    [true, true, false, false],
  )
  const edited = exchangeOf('POST / HTTP/1.1\nHost: a\n')
  setField(edited.request, 'content-type', 'application/grpc')
  assert.equal(isGrpc(edited), true)
  assert.deepEqual(
    [200, 204, 302, 400, 401, 403, 404, 409, 418, 429, 499, 500, 501, 502, 503, 504].map(grpcStatus),
    [0, 0, 2, 3, 16, 7, 5, 6, 3, 8, 1, 13, 12, 13, 14, 4],
  )
})

test('what a plugin answers becomes a status and a message, behind HTTP 200', () => {
  const x = call('application/grpc+proto')
  exitJson(x, 429, 'API rate limit exceeded')
  fitForGrpc(x)
  assert.deepEqual(told(x), [200, 'application/grpc', '8', 'API rate limit exceeded', 0])
  const plain = call('application/grpc')
  answer(plain, 503, '  Down for 5 %\n', 'text/plain')
  fitForGrpc(plain)
  assert.deepEqual(told(plain), [200, 'application/grpc', '14', 'Down for 5 %25', 0])
  const page = call('application/grpc')
  answer(page, 403, 'x'.repeat(2000), 'text/html')
  fitForGrpc(page)
  assert.deepEqual(told(page), [200, 'application/grpc', '7', '', 0])
})

test('a status that is there already stays', () => {
  const x = call('application/grpc')
  setField(x.response, 'grpc-status', '9')
  answer(x, 200, '', 'application/grpc')
  fitForGrpc(x)
  assert.equal(getField(x.response, 'grpc-status'), '9')
})

test('over HTTP/1.1 gRPC-Web clients read the same, and what calls itself gRPC keeps its status', () => {
  const web = call('application/grpc-web+proto', false)
  exitJson(web, 401, 'No')
  fitForGrpc(web)
  assert.deepEqual(told(web), [200, 'application/grpc-web+proto', '16', 'No', 0])
  const other = call('application/grpc', false)
  exitJson(other, 426, 'No')
  fitForGrpc(other)
  assert.deepEqual(told(other), [426, 'application/grpc', '3', 'No', 0])
})

test('a message is percent-encoded but for printable ASCII', () => {
  assert.equal(encodeMessage('a b~%\t\r\nß😀'), 'a b~%25%09%0D%0A%C3%9F%F0%9F%98%80')
})

/** Heads of HTTP/1.1 as fields of HTTP/2, and back. */
import assert from 'node:assert/strict'
import { sensitiveHeaders } from 'node:http2'
import { test } from 'node:test'
import fc from 'fast-check'
import { Head, KIND_RESPONSE } from '../../../http1/head.ts'
import { RESPONSE_LIMITS } from '../../../http1/limits.ts'
import { answerHead, answerTrailers, requestFields, trailerFields } from './fields.ts'
import { readGrpcTimeout } from './grpc-timeout.ts'

const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`

test('a request has its pseudo-fields first, lower-case names, and nothing of a connection', () => {
  const fields = requestFields(
    lines(
      'POST /a?b=1 HTTP/1.1',
      'Host: shop.test:81',
      'Connection: keep-alive, Upgrade',
      'Upgrade: websocket',
      'Keep-Alive: 1',
      'Proxy-Connection: x',
      'Transfer-Encoding: chunked',
      'TE: trailers',
      'X-Own:  a:b ',
    ),
    'https',
  )
  assert.deepEqual(Object.entries(fields), [
    [':method', 'POST'],
    [':scheme', 'https'],
    [':authority', 'shop.test:81'],
    [':path', '/a?b=1'],
    ['te', 'trailers'],
    ['x-own', 'a:b'],
  ])
  assert.deepEqual(fields[sensitiveHeaders as unknown as string], [
    'authorization',
    'cookie',
    'proxy-authorization',
  ])
})

test('a field that comes several times is a list, or joined', () => {
  const fields = requestFields(
    lines('GET / HTTP/1.1', 'Cookie: a', 'Cookie: b', 'Cookie: c', 'A: 1', 'A: 2'),
    'http',
  )
  assert.deepEqual([fields['cookie'], fields['a'], ':authority' in fields], [['a', 'b', 'c'], '1, 2', false])
})

test('an answer is a head that the codec reads', () => {
  const bytes = answerHead([':status', '200', 'set-cookie', 'a', 'set-cookie', 'b', 'x', ''])
  assert.equal(bytes?.toString('latin1'), 'HTTP/1.1 200 \r\nset-cookie: a\r\nset-cookie: b\r\nx: \r\n\r\n')
  const head = new Head(KIND_RESPONSE, RESPONSE_LIMITS)
  assert.equal(head.feed(bytes!, 0, bytes!.length), bytes!.length)
  assert.deepEqual([head.status, head.count], [200, 3])
})

test('no value makes a second field', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom('\r', '\n', '\0', '\r\n'), fc.string(), (before, odd, after) => {
      assert.equal(answerHead([':status', '200', 'a', before + odd + after]), null)
      assert.equal(answerTrailers(['a', before + odd + after]), null)
    }),
  )
})

test('trailers go both ways', () => {
  assert.equal(answerTrailers(['grpc-status', '0'])?.toString(), 'grpc-status: 0\r\n\r\n')
  assert.deepEqual({ ...trailerFields('A: 1\r\nb: 2\r\n') }, { a: '1', b: '2' })
})

test('a deadline is eight digits and a unit, and anything else is none', () => {
  assert.deepEqual(
    ['1H', '2M', '3S', '4m', '5000u', '6000000n', '99999999S'].map(readGrpcTimeout),
    [3_600_000, 120_000, 3000, 4, 5, 6, 99_999_999_000],
  )
  for (const odd of ['', '1', 'S', '-1S', '1.5S', '123456789S', '1s', '1S '])
    assert.equal(readGrpcTimeout(odd), Infinity, odd)
})

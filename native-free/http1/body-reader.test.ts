/** Request bodies, cut anywhere: their bytes, their end, their limits and their trailers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Exchange } from '../../src/contract/exchange.ts'
import type { ListenerLimits } from '../../src/contract/listener.ts'
import { getField, listFields } from '../../src/http1/fields.ts'
import { requestLength } from '../../src/http1/framing.ts'
import { exchangeOf } from '../../test/kit/balancer-rig.ts'
import { positions } from '../../test/kit/codec-rig.ts'
import { BODY_BAD, BODY_DONE, BODY_MORE, BODY_TOO_LARGE, BodyReader } from './body-reader.ts'

// The part of the limits that a body is held to.
const LIMITS = { bodyBytesMax: 0, bodyTimeoutMs: 1000, bodyRateMin: 100 } as ListenerLimits

interface Read {
  readonly verdict: number
  readonly body: string
  /** Bytes taken in all. */
  readonly taken: number
  readonly x: Exchange
}

function read(fields: string, text: string, cuts: readonly number[] = [], limits = LIMITS): Read {
  const x = exchangeOf(`POST / HTTP/1.1\nHost: a\n${fields}`)
  x.requestLength = requestLength(x.request)
  const reader = new BodyReader(limits)
  reader.reset(x.requestLength, 0)
  let body = ''
  let from = 0
  for (const to of [...cuts, text.length]) {
    const lent = Buffer.from(`..${text.slice(from, to)}..`, 'latin1')
    const end = 2 + to - from
    for (let at = 2; at < end; ) {
      const verdict = reader.read(x, lent, at, end)
      assert.ok(reader.pos > at && reader.pos <= end, 'it moves on')
      body += lent.latin1Slice(reader.dataStart, reader.dataEnd)
      at = reader.pos
      if (verdict !== BODY_MORE) return { verdict, body, taken: from + at - 2, x }
    }
    from = to
  }
  return { verdict: BODY_MORE, body, taken: text.length, x }
}

const LENGTH = 'Content-Length: 5\n'
const CHUNKS = 'Transfer-Encoding: chunked\n'

test('a body with a length ends there, wherever it is cut', () => {
  for (const cuts of [[], positions('helloGET'), ...positions('helloGET').map((at) => [at])]) {
    const got = read(LENGTH, 'helloGET', cuts)
    assert.deepEqual([got.verdict, got.body, got.taken], [BODY_DONE, 'hello', 5])
  }
  assert.equal(read(LENGTH, 'hell').verdict, BODY_MORE)
})

test('a chunked body ends behind its trailers, wherever it is cut', () => {
  const text = '3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\nT: 1\r\nU: 2\r\n\r\n'
  for (const cuts of [[], positions(text), ...positions(text).map((at) => [at])]) {
    const got = read(`${CHUNKS}Trailer: T\n`, `${text}GET`, cuts)
    assert.deepEqual([got.verdict, got.body, got.taken], [BODY_DONE, 'hello', text.length])
    assert.equal(getField(got.x.requestTrailers, 't'), '1')
    assert.equal(getField(got.x.requestTrailers, 'u'), null, 'not announced')
  }
})

test('what is no chunk is refused', () => {
  for (const text of ['x\r\n', '1\r\nab', '0\r\nno colon\r\n\r\n', '1\n'])
    assert.equal(read(CHUNKS, text).verdict, BODY_BAD, text)
})

test('a chunked body may have as many bytes as it may, and not one more', () => {
  const limits = { ...LIMITS, bodyBytesMax: 5 }
  assert.equal(read(CHUNKS, '3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n', [], limits).verdict, BODY_DONE)
  assert.equal(read(CHUNKS, '3\r\nhel\r\n3\r\nlo!\r\n0\r\n\r\n', [], limits).verdict, BODY_TOO_LARGE)
})

test('a body is too slow once it has lasted as long as a silence may and come at less than the rate', () => {
  const x = exchangeOf()
  x.requestLength = 1_000_000
  const reader = new BodyReader(LIMITS)
  reader.reset(x.requestLength, 500)
  reader.read(x, Buffer.alloc(150), 0, 150)
  assert.deepEqual(
    [1500, 1501, 1999, 2001].map((now) => reader.isTooSlow(now)),
    [false, false, false, true],
    '150 bytes are 100 a second for 1.5 s',
  )
  reader.reset(x.requestLength, 500)
  assert.deepEqual([reader.isTooSlow(1500), reader.isTooSlow(1501)], [false, true])
})

test('the time that the flow had the client wait is not the client’s', () => {
  const x = exchangeOf()
  x.requestLength = 1000
  const reader = new BodyReader(LIMITS)
  reader.reset(x.requestLength, 0)
  reader.stopped(900)
  reader.started(60_000)
  assert.equal(reader.isTooSlow(60_100), false)
  assert.equal(reader.isTooSlow(60_101), true)
})

test('trailers that could change what the head said are dropped, announced or not', () => {
  const names =
    'Content-Length, Host, Authorization, Cookie, X-Forwarded-For, X-Real-IP, TE, Via, Content-Type, Good'
  const fields = names.split(', ').map((name) => `${name}: 1\r\n`)
  const got = read(`${CHUNKS}Trailer: ${names}\n`, `0\r\n${fields.join('')}\r\n`)
  assert.deepEqual(listFields(got.x.requestTrailers), [['Good', '1']])
  const none = read(CHUNKS, `0\r\n${fields.join('')}\r\n`)
  assert.equal(none.x.requestTrailers.count, 0)
})

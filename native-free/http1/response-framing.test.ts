/** How an answer ends for each client: its length, its chunks, or its connection. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outbox } from '../../src/base/outbox.ts'
import { UPGRADED } from '../../src/contract/exchange.ts'
import { CHUNKED, isBodyless, UNTIL_CLOSE } from '../../src/http1/framing.ts'
import { exchangeOf } from '../../test/kit/balancer-rig.ts'
import { AnswerWriter } from './answer-writer.ts'
import { endsAtClose, putFraming, putLastChunk } from './response-framing.ts'

interface Framed {
  readonly head: string
  readonly isChunked: boolean
  readonly keepAlive: boolean
}

function frame(status: number, length: number, minor: 0 | 1 = 1, method = 'GET'): Framed {
  const x = exchangeOf(`${method} / HTTP/1.${minor}\nHost: a\n`)
  x.status = status
  x.responseLength = length
  x.bodyless = isBodyless(status, method === 'HEAD')
  const out = new Outbox()
  const isChunked = putFraming(out, x)
  const head = out.bytes.latin1Slice(0, out.used)
  assert.ok(head.endsWith('\r\n\r\n'))
  return { head: head.slice(0, -4).replaceAll('\r\n', ' | '), isChunked, keepAlive: x.keepAlive }
}

const KEEP = 'Connection: keep-alive'
const cases: readonly [what: string, framed: Framed, head: string, isChunked: boolean][] = [
  ['a length', frame(200, 5), `Content-Length: 5 | ${KEEP}`, false],
  ['a length of 0', frame(200, 0), `Content-Length: 0 | ${KEEP}`, false],
  ['chunks', frame(200, CHUNKED), `Transfer-Encoding: chunked | ${KEEP}`, true],
  [
    'a body that ended with the target’s connection',
    frame(200, UNTIL_CLOSE),
    `Transfer-Encoding: chunked | ${KEEP}`,
    true,
  ],
  ['chunks for HTTP/1.0', frame(200, CHUNKED, 0), 'Connection: close', false],
  ['a length for HTTP/1.0', frame(200, 5, 0), `Content-Length: 5 | ${KEEP}`, false],
  ['HEAD with a length', frame(200, 5, 1, 'HEAD'), `Content-Length: 5 | ${KEEP}`, false],
  ['HEAD with chunks', frame(200, CHUNKED, 1, 'HEAD'), `Transfer-Encoding: chunked | ${KEEP}`, false],
  ['HEAD with chunks for HTTP/1.0', frame(200, CHUNKED, 0, 'HEAD'), KEEP, false],
  ['HEAD without a word', frame(200, UNTIL_CLOSE, 1, 'HEAD'), KEEP, false],
  ['204 with a length', frame(204, 5), KEEP, false],
  ['204 with chunks', frame(204, CHUNKED), KEEP, false],
  ['304 with a length', frame(304, 5), `Content-Length: 5 | ${KEEP}`, false],
  ['304 with chunks', frame(304, CHUNKED), KEEP, false],
]
for (const [what, framed, head, isChunked] of cases)
  test(`framing of ${what}`, () => {
    assert.deepEqual([framed.head, framed.isChunked], [head, isChunked])
    assert.equal(framed.keepAlive, head.endsWith(KEEP))
  })

test('a client that is to leave is told so', () => {
  const x = exchangeOf()
  x.keepAlive = false
  x.status = 200
  const out = new Outbox()
  putFraming(out, x)
  assert.match(out.bytes.latin1Slice(0, out.used), /Connection: close\r\n\r\n$/)
})

test('only a body that nothing else ends, ends with the connection', () => {
  const ends = ([0, 1] as const).flatMap((minor) =>
    [5, CHUNKED, UNTIL_CLOSE].map((length) => {
      const x = exchangeOf(`GET / HTTP/1.${minor}\nHost: a\n`)
      x.responseLength = length
      return endsAtClose(x)
    }),
  )
  assert.deepEqual(ends, [false, true, true, false, false, false])
})

function lastChunk(fields: string): string {
  const x = exchangeOf(`GET / HTTP/1.1\nHost: a\n${fields}`)
  const trailers = Buffer.from('T: 1\r\nContent-Length: 9\r\nTransfer-Encoding: x\r\n\r\n')
  x.responseTrailers.feed(trailers, 0, trailers.length)
  const out = new Outbox()
  putLastChunk(out, x)
  return out.bytes.latin1Slice(0, out.used)
}

test('trailers are for a client that asks for them, without what could change the framing', () => {
  assert.equal(lastChunk('TE: trailers\n'), '0\r\nT: 1\r\n\r\n')
  assert.equal(lastChunk('TE: gzip\n'), '0\r\n\r\n')
  assert.equal(lastChunk(''), '0\r\n\r\n')
})

test('a chunked answer is whole: no empty chunk ends it early, and the next one starts anew', () => {
  const out = new Outbox()
  const writer = new AnswerWriter(out)
  const x = exchangeOf()
  x.status = 200
  x.responseLength = CHUNKED
  writer.head(x)
  const start = out.used
  const bytes = Buffer.from('.hello.')
  writer.body(bytes, 1, 6)
  writer.body(bytes, 3, 3)
  writer.body(Buffer.alloc(300, 97), 0, 300)
  writer.end(x)
  const sent = out.bytes.latin1Slice(start, out.used)
  assert.equal(sent, `5\r\nhello\r\n12c\r\n${'a'.repeat(300)}\r\n0\r\n\r\n`)
  out.release()
  x.responseLength = 2
  writer.head(x)
  writer.body(bytes, 1, 3)
  writer.end(x)
  assert.ok(out.bytes.latin1Slice(0, out.used).endsWith('keep-alive\r\n\r\nhe'))
})

test('a 101 says what the connection is from now on, and what follows is sent as it is', () => {
  const out = new Outbox()
  const writer = new AnswerWriter(out)
  const x = exchangeOf()
  x.status = 101
  x.upgrade = UPGRADED
  x.responseLength = UNTIL_CLOSE
  x.bodyless = true
  writer.head(x)
  writer.body(Buffer.from('raw'), 0, 3)
  assert.equal(out.bytes.latin1Slice(0, out.used), 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nraw')
  assert.equal(endsAtClose(x), true, 'a cut has to be seen')
})

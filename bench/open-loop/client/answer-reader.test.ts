/** Where answers end, for every way that HTTP/1.1 has to say so. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AnswerReader, READ_BAD, READ_DONE, READ_MORE } from './answer-reader.ts'

/** Reads `text` in pieces of `size` bytes; answers the last verdict. */
function read(reader: AnswerReader, text: string, size: number): number {
  const bytes = Buffer.from(text, 'latin1')
  let verdict = READ_MORE
  for (let at = 0; at < bytes.length && verdict === READ_MORE; at += size) {
    const piece = bytes.subarray(at, at + size)
    verdict = reader.take(piece, 0, piece.length)
  }
  return verdict
}

const WHOLE: Record<string, string> = {
  length: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  'no length at all': 'HTTP/1.1 204 No Content\r\n\r\n',
  'not modified, with the length of what was not sent':
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
  chunks: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n',
  'chunks with trailers': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nA: b\r\n\r\n',
  'an interim answer before':
    'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
}

for (const [what, answer] of Object.entries(WHOLE))
  test(`an answer ends where it says: ${what}`, () => {
    for (const size of [1, 7, answer.length]) {
      const reader = new AnswerReader(false)
      for (let again = 0; again < 2; again++) {
        reader.reset()
        assert.equal(read(reader, answer.slice(0, -1), size), READ_MORE)
        assert.equal(read(reader, answer.slice(-1), size), READ_DONE)
        assert.ok(reader.reusable)
        assert.ok([200, 204, 304].includes(reader.status))
      }
    }
  })

test('an answer to HEAD ends with its head, whatever length it tells', () => {
  const reader = new AnswerReader(true)
  reader.reset()
  assert.equal(read(reader, 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n', 99), READ_DONE)
  assert.ok(reader.reusable)
})

test('without a length the close is the end, and the connection serves no more', () => {
  const reader = new AnswerReader(false)
  reader.reset()
  assert.equal(read(reader, 'HTTP/1.1 200 OK\r\n\r\nsome of it', 99), READ_MORE)
  assert.ok(reader.endsAtClose)
  assert.ok(!reader.reusable)
})

test('a connection that is to be closed serves no more', () => {
  for (const answer of [
    'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n',
  ]) {
    const reader = new AnswerReader(false)
    reader.reset()
    assert.equal(read(reader, answer, 99), READ_DONE)
    assert.ok(!reader.reusable)
  }
})

test('what follows an answer is not taken for a part of it', () => {
  const reader = new AnswerReader(false)
  reader.reset()
  const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 2')
  assert.equal(reader.take(bytes, 0, bytes.length), READ_DONE)
  assert.equal(reader.pos, bytes.length - 'HTTP/1.1 2'.length)
})

test('what no client could read the same way is no answer', () => {
  for (const answer of [
    'HTTP/2 200 OK\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n',
    'HTTP/1.1 100 Continue\r\n\r\n'.repeat(17),
  ]) {
    const reader = new AnswerReader(false)
    reader.reset()
    assert.equal(read(reader, answer, 999), READ_BAD, answer)
  }
})

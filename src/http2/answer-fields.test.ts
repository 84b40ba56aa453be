/** Answers as blocks: lower case, and nothing of the connection. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outbox } from '../base/outbox.ts'
import { putAnswerBlock, putTrailerBlock } from './answer-fields.ts'
import { type FieldSink, HpackDecoder, OK } from './hpack/hpack-decoder.ts'
import { HpackEncoder } from './hpack/hpack-encoder.ts'

function fieldsOf(text: string, put: typeof putAnswerBlock): string[] {
  const lines = new Outbox()
  const out = new Outbox()
  lines.putLatin1(text)
  put(new HpackEncoder(), out, lines)
  const seen: string[] = []
  const sink: FieldSink = {
    field: (bytes, nameStart, nameEnd, value, start, end) =>
      void seen.push(`${bytes.latin1Slice(nameStart, nameEnd)}=${value.latin1Slice(start, end)}`),
  }
  assert.equal(new HpackDecoder(4096).decode(out.bytes, 0, out.used, sink, 10_000), OK)
  return seen
}

test('status and fields, names in lower case, values without blanks around', () => {
  const text = 'HTTP/1.1 418 I am\r\nX-A:  b c \r\nEmpty:\r\nSet-Cookie: a=b\r\nset-cookie: c=d\r\n'
  assert.deepEqual(fieldsOf(text, putAnswerBlock), [
    ':status=418',
    'x-a=b c',
    'empty=',
    'set-cookie=a=b',
    'set-cookie=c=d',
  ])
  assert.deepEqual(fieldsOf('HTTP/1.1 200\r\n', putAnswerBlock), [':status=200'])
})

test('fields of the connection have no place in HTTP/2', () => {
  const names = ['Connection', 'Keep-Alive', 'Proxy-Connection', 'Transfer-Encoding', 'Upgrade']
  const text = `HTTP/1.1 200 OK\r\n${names.map((name) => `${name}: x\r\n`).join('')}Upgraded: y\r\n`
  assert.deepEqual(fieldsOf(text, putAnswerBlock), [':status=200', 'upgraded=y'])
})

test('trailers are fields without a status', () => {
  assert.deepEqual(fieldsOf('Grpc-Status: 0\r\nConnection: x\r\n', putTrailerBlock), ['grpc-status=0'])
})

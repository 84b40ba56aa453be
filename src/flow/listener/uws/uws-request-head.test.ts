/** A request that a lenient engine has parsed is judged by our codec, byte for byte, or refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MALFORMED, TARGET_TOO_LONG, TOO_LARGE } from '../../../http1/answers.ts'
import { INVALID, requestLength } from '../../../http1/framing.ts'
import { Head, KIND_REQUEST } from '../../../http1/head.ts'
import { REQUEST_LIMITS } from '../../../http1/limits.ts'
import type { UwsRequest } from './uws-api.ts'
import { UwsRequestHead } from './uws-request-head.ts'

test('a request is put back into the head it came from, field by field and in order', () => {
  const head = read({ fields: [...HOST, ['x-one', '1'], ['x-one', '2'], ['x-empty', '']] })
  assert.equal(head.text, 'GET /a?b=c HTTP/1.1\r\nhost: a\r\nx-one: 1\r\nx-one: 2\r\nx-empty: \r\n\r\n')
})

test('no query, an empty query and a method of any case are told apart', () => {
  assert.match(read({ query: undefined }).text, /^GET \/a HTTP\/1\.1\r\n/)
  assert.match(read({ query: '' }).text, /^GET \/a\? HTTP\/1\.1\r\n/)
  assert.match(read({ method: 'get' }).text, /^get \/a\?b=c /)
})

test('what the engine lets through is judged by our codec', () => {
  const twice = read({ fields: [...HOST, ['content-length', '5'], ['content-length', '6']] })
  assert.equal(requestLength(twice.head), INVALID)
  const both = read({ fields: [...HOST, ['content-length', '5'], ['transfer-encoding', 'chunked']] })
  assert.equal(requestLength(both.head), INVALID)
  for (const coding of ['', 'xchunked', 'gzip, chunked', 'identity'])
    assert.equal(requestLength(read({ fields: [...HOST, ['transfer-encoding', coding]] }).head), INVALID)
  assert.equal(read({ fields: [...HOST, ['x-any ', '1']] }).verdict, MALFORMED)
  assert.equal(read({ fields: [...HOST, ['x-any', 'a\0b']] }).verdict, MALFORMED)
  assert.equal(read({ url: '/a b' }).verdict, MALFORMED)
  assert.equal(read({ url: '/a#b' }).verdict, MALFORMED)
})

test('no value can smuggle a field or end the head', () => {
  for (const value of ['a\rb', 'a\nb', 'a\r\n\r\nGET /hidden HTTP/1.1\r\nhost: a'])
    assert.equal(read({ fields: [...HOST, ['x-any', value]] }).verdict, MALFORMED)
})

test('heads and targets above their limits are told apart from malformed ones', () => {
  assert.equal(read({ fields: [...HOST, ['x-any', 'y'.repeat(40_000)]] }).verdict, TOO_LARGE)
  assert.equal(read({ url: `/${'y'.repeat(9000)}` }).verdict, TARGET_TOO_LONG)
})

test('a value in UTF-8 and one in Latin-1 reach the head byte for byte', () => {
  const utf8 = read({ fields: [...HOST, ['x-any', 'é€']] })
  assert.ok(utf8.verdict > 0)
  assert.ok(utf8.bytes.includes(Buffer.from('x-any: é€\r\n')))
  const latin1 = read({
    fields: [...HOST, ['x-any', 'caf\ufffd €']],
    raw: { 'x-any': 'caf\xe9 \xe2\x82\xac' },
  })
  assert.ok(latin1.bytes.includes(Buffer.from('x-any: caf\xe9 \xe2\x82\xac\r\n', 'latin1')))
})

test('bytes that the engine cannot hand over unchanged are refused', () => {
  const twice = { fields: [...HOST, ['x-any', '\ufffd'], ['x-any', 'b']], raw: { 'x-any': '\xe9' } } as const
  assert.equal(read(twice).verdict, MALFORMED)
  const behind = { fields: [...HOST, ['x-any', 'b'], ['x-any', '\ufffd']], raw: { 'x-any': 'b' } } as const
  assert.equal(read(behind).verdict, MALFORMED)
  assert.equal(read({ query: 'a=\ufffd' }).verdict, MALFORMED)
})

type Field = readonly [name: string, value: string]
const HOST: readonly Field[] = [['host', 'a']]

interface Sent {
  readonly method?: string
  readonly url?: string
  readonly query?: string | undefined
  readonly fields?: readonly Field[]
  readonly raw?: Readonly<Record<string, string>>
}

const reader = new UwsRequestHead(REQUEST_LIMITS.headBytesMax)

function read(sent: Sent): { head: Head; verdict: number; bytes: Buffer; text: string } {
  const head = new Head(KIND_REQUEST, REQUEST_LIMITS)
  const req: UwsRequest = {
    getCaseSensitiveMethod: () => sent.method ?? 'GET',
    getUrl: () => sent.url ?? '/a',
    getQuery: () => ('query' in sent ? sent.query : 'b=c'),
    getHeader: (name) => sent.raw?.[name] ?? '',
    forEach: (each) => {
      for (const [name, value] of sent.fields ?? HOST) each(name, value)
    },
  }
  const verdict = reader.read(req, head)
  const bytes = head.bytes.subarray(0, head.used)
  return { head, verdict, bytes, text: bytes.latin1Slice(0, bytes.length) }
}

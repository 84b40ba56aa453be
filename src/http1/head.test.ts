/** What a head is read into, whatever pieces it comes in, and what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  describe,
  feed,
  positions,
  readRequest,
  readResponse,
  requestHead,
} from '../../test/kit/codec-rig.ts'
import { Outbox } from '../base/outbox.ts'
import { MALFORMED, MORE, TARGET_TOO_LONG, TOO_LARGE } from './answers.ts'
import { addField, listFields } from './fields.ts'
import { bit, id } from './names.ts'

const plain =
  'GET /a/b?c=d HTTP/1.1\r\nHost: example.com\r\nUser-Agent: x\ty\r\nX-Empty:\r\nX-Blank: \t \r\n\r\n'

function fieldsOf(text: string): [string, string][] {
  return listFields(readRequest(text).head)
}

function withField(line: string): number {
  return readRequest(`GET / HTTP/1.1\r\n${line}\r\n\r\n`).answer
}

test('a head is read up to its empty line, and what follows is left for the body', () => {
  const { head, answer } = readRequest(`${plain}GET /next`)
  assert.equal(answer, plain.length)
  assert.equal(head.used, plain.length)
  assert.equal(head.bytes.toString('latin1', 0, head.used), plain)
})

test('values lose the blanks around them and keep those inside', () => {
  assert.deepEqual(fieldsOf('GET / HTTP/1.1\r\nA: \t b\tc  d \t\r\nB:e\r\nC:\r\nD: \t\r\n\r\n'), [
    ['A', 'b\tc  d'],
    ['B', 'e'],
    ['C', ''],
    ['D', ''],
  ])
})

test('values may hold any byte above 127, as older servers send', () => {
  assert.deepEqual(fieldsOf('GET / HTTP/1.1\r\nA: \x80\xff\xe9\r\n\r\n'), [['A', '\x80\xff\xe9']])
})

test('no control byte passes in a value, wherever it stands', () => {
  for (let byte = 0; byte < 256; byte++) {
    const char = String.fromCharCode(byte)
    const isAllowed = byte === 9 || (byte >= 32 && byte !== 127)
    for (let before = 0; before < 9; before++) {
      const line = `A: ${'v'.repeat(before)}${char}${'w'.repeat(8)}`
      assert.equal(withField(line) > 0, isAllowed, `byte ${byte} behind ${before}`)
    }
  }
})

test('names are tokens and nothing else', () => {
  const token = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/
  for (let byte = 0; byte < 256; byte++) {
    const char = String.fromCharCode(byte)
    if (char === ':') continue
    assert.equal(withField(`a${char}b: c`) > 0, token.test(char), `byte ${byte}`)
  }
})

test('a line that two readers could take for different fields is refused', () => {
  const lines = [
    'A : b',
    ' A: b',
    'A: b\r\n c',
    'A: b\n',
    'A: b\rC: d',
    'A: b\nC: d',
    ': b',
    'A',
    'A: b\r\r',
    '\nA: b',
  ]
  for (const line of lines) assert.equal(withField(line), MALFORMED, JSON.stringify(line))
})

test('well-known names are recognised in any case', () => {
  const { head } = readRequest('GET / HTTP/1.1\r\nhOST: a\r\nCONTENT-LENGTH: 1\r\nHosts: b\r\n\r\n')
  assert.equal(head.present, bit('host') | bit('content-length'))
  assert.equal(head.indexOf(id.host, 0), 0)
  assert.equal(head.indexOf(id.host, 1), -1)
  assert.equal(head.indexOf(id['content-length'], 0), 1)
})

test('a head reads the same however it is cut in two', () => {
  for (const text of [plain, `\r\n${plain}`, plain.replace('/a/b', 'http://h:1/a//b'), `${plain}body`]) {
    const whole = describe(readRequest(text))
    for (const cut of positions(text))
      assert.deepEqual(describe(readRequest(text, [cut])), whole, `cut at ${cut}`)
  }
  const answer = 'HTTP/1.1 200 All is well\r\nServer: x\r\nContent-Length: 3\r\n\r\nabc'
  const whole = describe(readResponse(answer))
  for (const cut of positions(answer)) assert.deepEqual(describe(readResponse(answer, [cut])), whole)
})

test('a head reads the same when it drips in byte by byte', () => {
  assert.deepEqual(describe(readRequest(plain, positions(plain))), describe(readRequest(plain)))
})

test('an empty read changes nothing', () => {
  const head = requestHead()
  assert.equal(head.feed(Buffer.alloc(0), 0, 0), MORE)
  assert.equal(feed(head, plain, [5, 5, 9]).answer, plain.length)
})

const piece = fc.constantFrom(
  'GET',
  ' ',
  '/',
  '/a',
  '?q',
  'http://h',
  ' HTTP/1.1',
  ' HTTP/1.0',
  '\r\n',
  '\n',
  '\r',
  'Host: a',
  'A:',
  'b',
  '\t',
  '\0',
  '\x80',
  ': ',
  'Content-Length: 1',
  'x'.repeat(150),
)
const text = fc.array(piece, { maxLength: 14 }).map((parts) => `${parts.join('')}\r\n\r\n`)
const request = fc
  .array(piece, { maxLength: 8 })
  .map((parts) => `GET / HTTP/1.1\r\nHost: a\r\nB: ${parts.join('')}\r\n\r\n`)

test('right or wrong, no way of cutting a head changes what is made of it', () => {
  const limits = { headBytesMax: 400, targetBytesMax: 160, fieldsMax: 3 }
  fc.assert(
    fc.property(fc.oneof(text, request), fc.array(fc.nat(500), { maxLength: 6 }), (head, raw) => {
      const cuts = [...new Set(raw)].filter((cut) => cut < head.length).sort((one, other) => one - other)
      const whole = describe(feed(requestHead(limits), head))
      assert.deepEqual(describe(feed(requestHead(limits), head, cuts)), whole)
      assert.deepEqual(describe(feed(requestHead(limits), head, positions(head))), whole)
    }),
    { numRuns: 2000, seed: 1 },
  )
})

test('a head may have exactly as many bytes as its limit', () => {
  const limits = { headBytesMax: plain.length, targetBytesMax: 100, fieldsMax: 100 }
  for (const cuts of [[], [7], positions(plain)]) {
    assert.equal(feed(requestHead(limits), plain, cuts).answer, plain.length)
    assert.equal(
      feed(requestHead({ ...limits, headBytesMax: plain.length - 1 }), plain, cuts).answer,
      TOO_LARGE,
    )
  }
})

test('a head that never ends is refused at its limit, not later', () => {
  const limits = { headBytesMax: 300, targetBytesMax: 100, fieldsMax: 100 }
  const endless = `GET / HTTP/1.1\r\nA: ${'b'.repeat(1000)}`
  const head = requestHead(limits)
  let fed = 0
  while (fed < endless.length) {
    const answer = head.feed(Buffer.from(endless[fed++]!), 0, 1)
    if (answer !== MORE) break
  }
  assert.equal(fed, 300)
})

test('a target may have exactly as many bytes as its limit', () => {
  const limits = { headBytesMax: 1000, targetBytesMax: 50, fieldsMax: 100 }
  const at = (length: number): string => `GET /${'a'.repeat(length - 1)} HTTP/1.1\r\n\r\n`
  for (const cuts of [[], [20]]) {
    assert.equal(feed(requestHead(limits), at(50), cuts).answer, at(50).length)
    assert.equal(feed(requestHead(limits), at(51), cuts).answer, TARGET_TOO_LONG)
  }
})

test('a head may have exactly as many fields as its limit', () => {
  const limits = { headBytesMax: 10_000, targetBytesMax: 50, fieldsMax: 70 }
  const at = (count: number): string => `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(count)}\r\n`
  assert.equal(feed(requestHead(limits), at(70)).head.count, 70)
  assert.equal(feed(requestHead(limits), at(71)).answer, TOO_LARGE)
})

test('the memory of a head in drips is at most twice the head', () => {
  const long = `GET / HTTP/1.1\r\nA: ${'b'.repeat(9000)}\r\n\r\n`
  const { head } = readRequest(long, positions(long))
  assert.equal(head.used, long.length)
  assert.ok(head.bytes.length <= 2 * long.length)
  const withBody = requestHead()
  const short = 'GET / HTTP/1.1\r\n\r\n'
  feed(withBody, short + 'b'.repeat(60_000), [3])
  assert.ok(withBody.bytes.length <= 2048, 'a body behind the head is not copied with it')
})

test('a used head is as good as new after reset', () => {
  const head = requestHead()
  feed(head, `POST /${'x'.repeat(5000)} HTTP/1.0\r\nContent-Length: 5\r\n\r\n`)
  head.reset()
  assert.deepEqual(describe(feed(head, plain, [10])), describe(readRequest(plain)))
  head.reset()
  assert.equal(feed(head, 'GET / HTTP/1.1\r\nA\r\n\r\n').answer, MALFORMED)
  head.reset()
  assert.deepEqual(describe(feed(head, plain)), describe(readRequest(plain)))
})

test('fields are forwarded byte for byte, but for those left out', () => {
  const { head } = readRequest(
    'GET / HTTP/1.1\r\nHost: a\r\nA:  b \r\nConnection: x\r\nC: d\r\nE: f\r\nTE: g\r\n\r\n',
  )
  const out = new Outbox()
  head.putFields(out, bit('connection') | bit('te'))
  assert.equal(out.bytes.toString('latin1', 0, out.used), 'Host: a\r\nA:  b \r\nC: d\r\nE: f\r\n')
  out.used = 0
  head.dropKnown(id.host)
  addField(head, 'X-New', 'y')
  head.putFields(out, 0)
  const expected = 'A:  b \r\nConnection: x\r\nC: d\r\nE: f\r\nTE: g\r\nX-New: y\r\n'
  assert.equal(out.bytes.toString('latin1', 0, out.used), expected)
})

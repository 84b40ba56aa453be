/** Chunked bodies: what is read out of them, and what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { positions, readChunked } from '../../../test/kit/codec-rig.ts'
import { listFields } from '../fields.ts'
import { CHUNK_LINE_MAX, TRAILER_BYTES_MAX } from '../limits.ts'

const sample = '5\r\nhello\r\n1;a;b=c;d="e\\"f";g=h\r\n \r\n00A\r\n0123456789\r\n0\r\nX-Sum: 7\r\n\r\n'

function verdictOn(text: string): string {
  return readChunked(text).verdict
}

test('chunks are put together and trailers are read', () => {
  const body = readChunked(`${sample}GET /`)
  assert.equal(body.verdict, 'whole')
  assert.equal(body.data, 'hello 0123456789')
  assert.equal(body.length, sample.length)
  assert.deepEqual(listFields(body.trailers), [['X-Sum', '7']])
})

test('a body reads the same however it is cut', () => {
  const whole = readChunked(sample)
  for (const cuts of [...positions(sample).map((cut) => [cut]), positions(sample)]) {
    const body = readChunked(sample, cuts)
    assert.deepEqual([body.verdict, body.data, body.length], ['whole', whole.data, whole.length])
  }
})

test('sizes are hexadecimal digits and nothing else', () => {
  for (const size of ['a', 'A', '0a', '0000000000a'])
    assert.equal(verdictOn(`${size}\r\n0123456789\r\n0\r\n\r\n`), 'whole')
  const wrong = [
    '0x5',
    '+5',
    '-5',
    '5_0',
    ' 5',
    '5 ',
    '5\t',
    '5h',
    '',
    ';a',
    '5,',
    '5\n',
    '5\r',
    '5\r\r',
    '\u00b5',
  ]
  for (const size of wrong)
    assert.equal(verdictOn(`${size}\r\nhello\r\n0\r\n\r\n`), 'bad', JSON.stringify(size))
})

test('a size that could overflow is refused', () => {
  assert.equal(verdictOn('fffffffffffff\r\n'), 'more')
  for (const size of ['00000000000005', 'ffffffffffffff', 'FFFFFFFFFFFFFFFF0'])
    assert.equal(verdictOn(`${size}\r\n`), 'bad', size)
})

test('extensions follow their grammar or the body is refused', () => {
  const right = ['a', 'a;b', 'a=b', 'a=b;c', 'a="b c"', 'a=""', 'a="\\"";b', 'a="\x80\t"']
  for (const extension of right)
    assert.equal(verdictOn(`5;${extension}\r\nhello\r\n0\r\n\r\n`), 'whole', extension)
  const wrong = [
    '',
    ' ',
    'a=',
    'a=;b',
    ';',
    'a;',
    '=b',
    ' a',
    'a =b',
    'a= b',
    'a ;b',
    'a b',
    'a=b c',
    'a="b',
    'a="b"c',
    'a"b"',
    'a[=b',
    'a=b=c',
    'a ',
    'a=b ',
    'a="b" ',
  ]
  for (const extension of [...wrong, 'a\0', 'a="\x01"', 'a="\\\x01"', 'a\rb', 'a\nb', 'a="\n"', '\x80'])
    assert.equal(verdictOn(`5;${extension}\r\nhello\r\n0\r\n\r\n`), 'bad', JSON.stringify(extension))
})

test('no blank is allowed behind the size', () => {
  for (const size of ['5 ', '5\t', '5 ;a', '5 a'])
    assert.equal(verdictOn(`${size}\r\nhello\r\n0\r\n\r\n`), 'bad', size)
})

test('a size line may have exactly as many bytes as its limit', () => {
  const at = (length: number): string => `5;${'a'.repeat(length - 2)}\r\nhello\r\n0\r\n\r\n`
  assert.equal(verdictOn(at(CHUNK_LINE_MAX)), 'whole')
  assert.equal(verdictOn(at(CHUNK_LINE_MAX + 1)), 'bad')
  assert.equal(verdictOn(`5${' '.repeat(CHUNK_LINE_MAX)}`), 'bad')
})

test('the limit of a size line is for each line, not for all together', () => {
  const chunk = `1;${'a'.repeat(200)}\r\nx\r\n`
  assert.equal(readChunked(`${chunk.repeat(5)}0\r\n\r\n`).data, 'xxxxx')
})

test('data ends where its size says, with CRLF', () => {
  for (const text of [
    '5\r\nhello!\r\n',
    '5\r\nhello\n',
    '5\r\nhello\r0',
    '5\r\nhello0\r\n',
    '5\r\nhell\r\n0\r\n',
  ])
    assert.equal(verdictOn(text), 'bad', JSON.stringify(text))
})

test('trailers are held to the rules of fields and to their limit', () => {
  const at = (length: number): string => `0\r\nA: ${'b'.repeat(length - 7)}\r\n\r\n`
  assert.equal(verdictOn(at(TRAILER_BYTES_MAX)), 'whole')
  assert.equal(verdictOn(at(TRAILER_BYTES_MAX + 1)), 'bad')
  for (const line of ['A : b', ' A: b', 'A', 'A: \0'])
    assert.equal(verdictOn(`0\r\n${line}\r\n\r\n`), 'bad', line)
  assert.equal(verdictOn('0\r\n\n'), 'bad')
})

test('any body comes back as it was chunked, in any pieces', () => {
  const chunk = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(fc.array(chunk), fc.array(fc.nat(300), { maxLength: 5 }), (chunks, raw) => {
      const text = `${chunks.map((data) => `${data.length.toString(16)}\r\n${data}\r\n`).join('')}0\r\n\r\n`
      const cuts = [...new Set(raw)].filter((cut) => cut < text.length).sort((one, other) => one - other)
      const body = readChunked(text, cuts)
      assert.deepEqual([body.verdict, body.data, body.length], ['whole', chunks.join(''), text.length])
    }),
    { numRuns: 500, seed: 1 },
  )
})

test('no way of cutting a wrong body makes it right', () => {
  const piece = fc.constantFrom(
    '5',
    '\r\n',
    'hello',
    '0',
    ';',
    'a',
    '=',
    '"',
    ' ',
    '\r',
    '\n',
    '\0',
    'A: b',
    '1',
    'x',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (parts) => {
      const text = `5\r\nhello\r\n${parts.join('')}`
      const whole = readChunked(text)
      const drip = readChunked(text, positions(text))
      if (whole.verdict === 'bad' && drip.verdict === 'more') return // trailers are looked at line by line
      assert.deepEqual([drip.verdict, drip.data], [whole.verdict, whole.data])
    }),
    { numRuns: 2000, seed: 1 },
  )
})

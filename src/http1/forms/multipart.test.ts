/** What a part is, what is none, and that no body makes the reading of it long. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listParts, PARTS_MAX } from './multipart.ts'

const DISPOSITION = 'Content-Disposition: form-data; name='

function read(body: string, type = 'multipart/form-data; boundary=b'): [name: string, value: string][] {
  const bytes = Buffer.from(body)
  return listParts(bytes, type).map((part) => [
    part.name,
    bytes.toString('utf8', part.valueStart, part.valueEnd),
  ])
}

test('a part has a name and every byte up to the next delimiter', () => {
  const body = `--b\r\n${DISPOSITION}"a"\r\n\r\none\r\n--b\r\n${DISPOSITION}b\r\nX: 1\r\n\r\n\r\n\r\ntwo\r\n--b--`
  assert.deepEqual(read(body), [
    ['a', 'one'],
    ['b', '\r\n\r\ntwo'],
  ])
  assert.deepEqual(read(`before\r\n${body}`).length, 2)
})

test('a part may be empty, with an empty line behind its headers or without', () => {
  assert.deepEqual(read(`--b\r\n${DISPOSITION}a\r\n\r\n\r\n--b--`), [['a', '']])
  assert.deepEqual(read(`--b\r\n${DISPOSITION}a\r\n\r\n--b--`), [['a', '']])
})

test('a line that only begins like a delimiter belongs to the value', () => {
  const value = 'x\r\n--bar\r\n--b:\r\n--b \rx\r\n-b'
  assert.deepEqual(read(`--b \t\r\n${DISPOSITION}a\r\n\r\n${value}\r\n--b--\r\n`), [['a', value]])
  assert.deepEqual(read(`--bar\r\n${DISPOSITION}a\r\n\r\n1\r\n--bar--`), [])
})

test('what stands behind the delimiter that closes is no part', () => {
  const part = (name: string) => `--b\r\n${DISPOSITION}${name}\r\n\r\n1\r\n`
  assert.deepEqual(read(`${part('a')}--b--\r\n${part('c')}--b--\r\n`), [['a', '1']])
  assert.deepEqual(read(`--b--\r\n${part('c')}--b--\r\n`), [])
})

test('a parameter is found with space before its semicolon', () => {
  const body = `--b\r\nContent-Disposition: form-data ; filename="x" ; name="a"\r\n\r\n1\r\n--b--`
  assert.deepEqual(read(body, 'multipart/form-data ; charset="utf-8" ; boundary=b'), [['a', '1']])
})

test('a body of more parts than are read counts as one without any', () => {
  const body = (count: number) => `${`--b\r\n${DISPOSITION}a\r\n\r\n1\r\n`.repeat(count)}--b--`
  assert.equal(read(body(PARTS_MAX)).length, PARTS_MAX)
  assert.equal(read(body(PARTS_MAX + 1)).length, 0)
})

for (const [what, body] of [
  ['delimiters alone', `--b${'\r\n--b'.repeat(20_000)}`],
  ['delimiters with their line ends', '--b\r\n'.repeat(PARTS_MAX).padEnd(200_000, 'x')],
  ['parts without headers', `${'--b\r\nx\r\n'.repeat(PARTS_MAX - 1)}--b\r\n${'x'.repeat(200_000)}`],
  ['what only begins like a delimiter', `--b\r\n${'\r\n--b '.repeat(20_000)}`],
] as const) {
  test(`a body of ${what} is searched through a few times and not once for each`, (t) => {
    let searched = 0
    const native = Buffer.prototype.indexOf
    t.mock.method(Buffer.prototype, 'indexOf', function (this: Buffer, value: Buffer, from = 0) {
      const found = native.call(this, value, from)
      searched += (found < 0 ? this.length : found + value.length) - from
      return found
    })
    assert.deepEqual(read(body), [])
    assert.ok(searched > 0 && searched < 4 * body.length, `${searched} of ${body.length}`)
  })
}

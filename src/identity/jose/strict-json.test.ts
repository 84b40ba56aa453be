/** Objects as JSON.parse reads them, and none that another parser could read otherwise. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DEPTH_MAX, readJsonObject } from './strict-json.ts'

function read(text: string | Buffer): unknown {
  const bytes = Buffer.from(text)
  return readJsonObject(Buffer.concat([bytes, Buffer.from('x')]), bytes.length)
}

test('an object is what JSON.parse says it is', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), (object) => {
      const text = JSON.stringify(object)
      assert.deepEqual(read(text), JSON.parse(text))
      assert.deepEqual(read(JSON.stringify(object, null, 2)), JSON.parse(text))
    }),
  )
})

test('a member that stands twice is refused, at any depth and however its name is written', () => {
  for (const text of [
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":1}',
    '{"b":[{"c":1},{"a":{"x":1,"x":1}}]}',
    '{"__proto__":1,"__proto__":1}',
  ])
    assert.equal(read(text), 'malformed', text)
  assert.deepEqual(read('{"a":{"a":[{"a":":"}]},"b:\\"":":,:"}'), { a: { a: [{ a: ':' }] }, 'b:"': ':,:' })
})

test('an object nested deeper than the bound is refused, brackets in text do not count', () => {
  const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
  assert.notEqual(read(nested(DEPTH_MAX)), 'malformed')
  assert.equal(read(nested(DEPTH_MAX + 1)), 'malformed')
  assert.equal(read(nested(4000)), 'malformed')
  assert.deepEqual(read(`{"a":"${'['.repeat(99)}"}`), { a: '['.repeat(99) })
})

test('what is JSON and no object, and what is neither, are told apart', () => {
  for (const text of ['[]', '1', 'null', '"a"', 'true']) assert.equal(read(text), 'no object', text)
  for (const text of ['', '{', '{}x', '{"a":}', '{a:1}', "{'a':1}", '{"a":1,}', '\ufeff{}', '{"a":"\n"}'])
    assert.equal(read(text), 'malformed', JSON.stringify(text))
  assert.equal(read(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), 'malformed', 'no UTF-8')
  assert.deepEqual(read('{"ä":"→😀"}'), { ä: '→😀' })
})

test('any bytes are answered, never thrown at', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]":,\\a1\0é'), maxLength: 30 }), (text) => {
      const found = read(text)
      if (typeof found === 'object') assert.deepEqual(found, JSON.parse(text))
    }),
  )
})

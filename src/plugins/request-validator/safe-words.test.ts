/** No schema that is taken, and no body, holds a thread up. Work is counted or compared, not timed, where it can be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkBody } from './check-body.ts'
import { compileSchema } from './compile-schema.ts'
import { readJson } from './json-text.ts'

/** Without bounds these take longer than anybody waits: hours, or the age of the world. */
const ENDS_MS = 60_000

test('patterns that are exponential elsewhere end', { timeout: ENDS_MS }, () => {
  const check = compileSchema('{"pattern":"^(a+)+$"}', 'draft7')
  assert.match(check(`${'a'.repeat(50_000)}!`), /must match pattern/)
})

test('strings made for the patterns of formats end', { timeout: ENDS_MS }, () => {
  for (const format of [
    'email',
    'uri',
    'uri-reference',
    'uri-template',
    'hostname',
    'url',
    'ipv6',
    'date-time',
    'json-pointer',
  ]) {
    const check = compileSchema(JSON.stringify({ format }), 'draft7')
    for (const part of ['a', 'a.', 'a@', '-', ':', '%41', '1', '/', '{a}', '~0', '::', 'http://a'])
      for (const size of [2000, 1_000_000]) check(`${part.repeat(size / part.length)}\n`)
  }
})

test('half a million different items are told apart', { timeout: ENDS_MS }, () => {
  const check = compileSchema('{"uniqueItems":true}', 'draft7')
  const items = Array.from({ length: 200_000 }, (_, i) => ({ i, s: String(i) }))
  assert.equal(check(items), '')
  assert.match(check([...items, { s: '7', i: 7 }]), /duplicate/)
})

test('a schema whose references multiply is given up', { timeout: ENDS_MS }, () => {
  const step = (name: string) => ({
    allOf: [{ properties: { c: { $ref: '#/definitions/n' } } }, { required: [name] }],
  })
  const schema = { definitions: { n: { anyOf: [step('x'), step('y')] } }, $ref: '#/definitions/n' }
  const body = Buffer.from(`${'{"c":'.repeat(900)}{}${'}'.repeat(900)}`)
  for (const version of ['draft7', 'draft201909', 'draft202012'] as const)
    assert.match(checkBody({ schema: JSON.stringify(schema), version, body }), /too much work/)
})

test('a deep schema of references and a deep body do not overflow the stack', () => {
  const schema = '{"definitions":{"n":{"items":{"$ref":"#/definitions/n"}}},"$ref":"#/definitions/n"}'
  const body = Buffer.from('['.repeat(1000) + ']'.repeat(1000))
  assert.equal(checkBody({ schema, version: 'draft7', body }), '')
})

test('items that have to be unique on each of many levels cost a bounded amount of work', () => {
  const check = compileSchema('{"items":{"$ref":"#"},"uniqueItems":true}', 'draft7')
  const nested = (size: number, depth: number): unknown =>
    depth === 0 ? 'x'.repeat(size) : [nested(size, depth - 1), 0]
  assert.throws(() => check(nested(60_000, 900)), /too much work/)
  assert.equal(check(nested(60_000, 20)), '')
  const pair = [1, 2]
  assert.match(check([pair, pair]), /duplicate/)
  // Behind a body that took too much, and with lists that its own description wants unique.
  assert.throws(() => check(nested(60_000, 900)), /too much work/)
  assert.equal(compileSchema('{"type":["array","string"],"uniqueItems":true}', 'draft7')('a'), '')
})

test('what JSON.parse reads without doubt is read the same', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = JSON.stringify(value)
      assert.deepEqual(readJson(Buffer.from(text)), JSON.parse(text))
    }),
  )
})

test('a second member of a name is found wherever it is, however it is written', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ maxLength: 8 }), fc.boolean(), (value, name, isEscaped) => {
      const plain = JSON.stringify(name)
      const hex = (c: string) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
      const other = isEscaped ? `"${name.split('').map(hex).join('')}"` : plain
      const text = `[${JSON.stringify(value)},{${plain}:${JSON.stringify(value)},${other}:1}]`
      assert.throws(() => readJson(Buffer.from(text)), /two members/)
    }),
  )
})

test('no bytes make the reader throw anything but words, or take what JSON.parse does not', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        readJson(bytes)
      } catch (cause) {
        assert.match(String(cause), /^Error: (?:it is not valid JSON|it nests|an object has)/)
      }
    }),
  )
})

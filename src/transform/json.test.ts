/** A JSON body after its rules: what no rule names is what came, byte for byte. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Edits } from './edits.ts'
import { editJson, jsonText } from './json.ts'
import { DEPTH_MAX, JsonScanner } from './json-scanner.ts'

const NONE: Edits = { remove: [], rename: [], replace: [], add: [], append: [] }

function edit(body: string, edits: Partial<Edits>): string {
  const edited = editJson(Buffer.from(body), { ...NONE, ...edits })
  return typeof edited === 'string' ? edited : edited.toString()
}

const BIG = '{ "id" : 12345678901234567890123, "n": 1.10, "list": [ ],"é":"\\u00e9", "id": -0.0e+5 }'

for (const [what, body, edits, expected] of [
  ['digits, spaces and doubles stay', BIG, { add: [['a', '1']] }, `{${BIG.slice(2, -2)},"a":1}`],
  ['a member is taken out, wherever it stands', '{"a":1,"b":2,"a":3}', { remove: ['a'] }, '{"b":2}'],
  ['the last one is taken out', '{"a":1}', { remove: ['a'] }, '{}'],
  ['a name with escapes is the same name', '{"\\u0061":1,"b":2}', { remove: ['a'] }, '{"b":2}'],
  ['what is not there is not taken out', '{"b": 2}', { remove: ['a'] }, 'unchanged'],
  ['members within members stay', '{"b":{"a":1},"a":{"a":2}}', { remove: ['a'] }, '{"b":{"a":1}}'],
  ['a member gets another name', '{"a": 1e400 ,"b":2}', { rename: [['a', 'c']] }, '{"c":1e400,"b":2}'],
  ['a new name replaces what had it', '{"c":0,"a":1}', { rename: [['a', 'c']] }, '{"c":1}'],
  ['a value is replaced', '{"a":{"x":1},"b":2}', { replace: [['a', '"v"']] }, '{"a":"v","b":2}'],
  ['one value replaces all of the name', '{"a":1,"b":2,"a":3}', { replace: [['a', '9']] }, '{"a":9,"b":2}'],
  [
    'null and false are there',
    '{"a":null,"b":false}',
    {
      add: [
        ['a', '1'],
        ['b', '1'],
      ],
    },
    'unchanged',
  ],
  ['what is missing is not replaced', '{"b":2}', { replace: [['a', '1']] }, 'unchanged'],
  ['a value is added to none', '{}', { add: [['a', '"v"']] }, '{"a":"v"}'],
  ['a body of no bytes gets an object', '', { add: [['a', '"v"']] }, '{"a":"v"}'],
  ['appending begins a list', '{}', { append: [['a', '"v"']] }, '{"a":["v"]}'],
  ['appending makes a list of a value', '{"a":"u"}', { append: [['a', '"v"']] }, '{"a":["u","v"]}'],
  ['appending grows a list', '{"a":[1, 2 ]}', { append: [['a', '"v"']] }, '{"a":[1, 2,"v"]}'],
  ['appending to an empty list', '{"a":[ ]}', { append: [['a', '3']] }, '{"a":[3]}'],
  ['an empty list beside it stays one', '{"e":[],"a":1}', { append: [['a', '2']] }, '{"e":[],"a":[1,2]}'],
  [
    'the order is remove, rename, replace, add, append',
    '{"a":1,"b":2}',
    { remove: ['a'], rename: [['b', 'a']], replace: [['a', '3']], add: [['b', '4']], append: [['b', '5']] },
    '{"a":3,"b":[4,5]}',
  ],
] as const) {
  test(what, () => assert.equal(edit(body, edits as Partial<Edits>), expected))
}

for (const body of [
  '[1]',
  '1',
  'nul',
  '{',
  '{"a":1',
  '{"a":1,}',
  '{"a":1:"b":2}',
  '{"a":[1:2]}',
  '{"a" 1}',
  "{'a':1}",
  '{"a":01}',
  '{"a":.5}',
  '{"a":1.}',
  '{"a":tru}',
  '{"a":"\n"}',
  '{"a":"\\x"}',
  '{"a":"\\u12"}',
  '{"a":1}}',
  '{"a":1} x',
  '\ufeff{"a":1}',
  `{"a":${'['.repeat(DEPTH_MAX)}${']'.repeat(DEPTH_MAX)}}`,
]) {
  test(`${body.slice(0, 20)} stays as it is`, () => {
    assert.equal(edit(body, { remove: ['a'], add: [['b', '1']] }), 'unreadable')
  })
}

test('the scanner takes what JSON.parse takes for an object, and nothing else', () => {
  const texts = fc.oneof(
    fc.json(),
    fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value)),
    fc
      .array(fc.constantFrom(...'{ } [ ] , : "a" "b" 1 -0 1e5 true false null "\\n" " \\ .'.split(' '), ' '))
      .map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(texts, (text) => {
      assert.equal(new JsonScanner(Buffer.from(text)).read(), isObject(text), text)
    }),
    { numRuns: 2000 },
  )
})

test('a changed object is what the same change makes of the parsed one', () => {
  const name = fc.constantFrom('a', 'b', 'é', '"', '\\')
  fc.assert(
    fc.property(
      fc.dictionary(name, fc.jsonValue()),
      name,
      name,
      fc.boolean(),
      (value, one, other, pretty) => {
        const text = JSON.stringify(value, null, pretty ? 1 : 0)
        const bytes = (part: string) => Buffer.from(part).toString('latin1')
        const edited = editJson(Buffer.from(text), {
          ...NONE,
          remove: [bytes(one)],
          add: [[bytes(other), jsonText(bytes(other))]],
        })
        const expected = { ...value }
        delete expected[one]
        if (!Object.hasOwn(expected, other)) expected[other] = other
        const got = typeof edited === 'string' ? text : edited.toString()
        assert.deepEqual(JSON.parse(got), JSON.parse(JSON.stringify(expected)))
      },
    ),
  )
})

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** Every rule a schema can hold, and what is said when it is broken. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Field, s, type Value } from '../contract/schema.ts'
import { pathText } from './problems.ts'
import { type ValidateDoors, validate } from './validate.ts'

/** Field, value, what is said of it; '' for nothing. */
const said: [Field, Value, string][] = [
  [s.string(), 1, 'expected a string'],
  [s.string(), '', 'length must be at least 1'],
  [s.string({ len_min: 0 }), '', ''],
  [s.string({ len_min: 3 }), 'ab', 'length must be at least 3'],
  [s.string({ len_max: 3 }), 'abcd', 'length must be at most 3'],
  [s.string({ one_of: ['a', 'b'] }), 'c', 'expected one of: a, b'],
  [s.string({ uuid: true }), 'c', 'expected a valid UUID'],
  [s.string({ starts_with: '/' }), 'c', 'should start with: /'],
  [s.string({ match: ['^x', 'no x'] }), 'c', 'no x'],
  [s.string({ custom: (value: Value) => `not ${value}` }), 'c', 'not c'],
  [s.string({ required: true }), null, 'required field missing'],
  [s.number(), '1', 'expected a number'],
  [s.number(), Number.NaN, 'expected a number'],
  [s.number({ gt: 0 }), 0, 'value must be greater than 0'],
  [s.number({ gt: 0 }), 0.1, ''],
  [s.integer(), 1.5, 'expected an integer'],
  [s.integer({ between: [1, 5] }), 6, 'value should be between 1 and 5'],
  [s.integer({ between: [1, 5] }), 5, ''],
  [s.integer({ one_of: [301, 302] }), 303, 'expected one of: 301, 302'],
  [s.boolean(), 'yes', 'expected a boolean'],
  [s.array(s.string()), 'a', 'expected an array'],
  [s.array(s.string()), {}, ''],
  [s.array(s.string(), { len_min: 1 }), [], 'length must be at least 1'],
  [s.set(s.string()), 'a', 'expected a set'],
  [s.map(s.string(), s.string()), ['a'], 'expected a map'],
  [s.map(s.string(), s.string()), [], ''],
  [s.record({}), 'a', 'expected a record'],
  [s.record({}), [], ''],
  [s.foreign('services'), 5, 'expected a foreign key'],
]

test('each rule of a field is said in its own words', () => {
  for (const [field, value, message] of said) {
    const messages = validate(field, value).findings.map((each) => each.message)
    assert.deepEqual(messages, message === '' ? [] : [message], JSON.stringify([field, value]))
  }
})

test('defaults are filled in at every depth, and what is absent is null', () => {
  const field = s.record({
    a: s.integer({ default: 5 }),
    b: s.string(),
    c: s.record({ d: s.array(s.string(), { default: ['x'] }) }, { required: true }),
    e: s.record({ f: s.integer({ default: 1 }) }),
    g: s.record({ h: s.integer({ default: 1 }), i: s.integer() }, { default: { i: 2 } }),
  })
  const filled = { a: 5, b: null, c: { d: ['x'] }, e: null, g: { h: 1, i: 2 } }
  assert.deepEqual(validate(field, {}), { value: filled, findings: [] })
  assert.deepEqual(validate(field, { a: null, b: null }).value, filled)
})

test('a default that is filled in is a copy, so changing one entity never changes another', () => {
  const field = s.record({ list: s.array(s.string(), { default: ['x'] }) })
  const [one, two] = [validate(field, {}).value, validate(field, {}).value]
  assert.notEqual((one as { list: Value }).list, (two as { list: Value }).list)
})

test('a set keeps the first of equals, in the order they came', () => {
  assert.deepEqual(validate(s.set(s.string()), ['b', 'a', 'b']).value, ['b', 'a'])
  assert.deepEqual(validate(s.set(s.record({ p: s.integer() })), [{ p: 1 }, { p: 1 }]).value, [{ p: 1 }])
})

test('every problem is found in one run, each under its own path', () => {
  const field = s.record({
    list: s.array(s.integer()),
    map: s.map(s.string({ len_max: 1 }), s.integer()),
    need: s.string({ required: true }),
  })
  const { findings } = validate(field, { list: [1, 'x', null], map: { ab: 1, c: 'y' }, lists: 1 }, {}, [
    'plugins',
    0,
  ])
  assert.deepEqual(
    findings.map((each) => `${pathText(each.path)} ${each.at}: ${each.message}`),
    [
      "plugins[0].lists key: unknown field (did you mean 'list'?)",
      'plugins[0].list[1] value: expected an integer',
      'plugins[0].list[2] value: expected an integer',
      'plugins[0].map.ab value: length must be at most 1',
      'plugins[0].map.c value: expected an integer',
      'plugins[0].need value: required field missing',
    ],
  )
})

test('a rule over several fields is passed over when one of them is wrong by itself', () => {
  const check = { name: 'x', fields: ['a'], check: () => 'never both', blames: ['b', 'must go'] } as const
  const field = s.record({ a: s.integer(), b: s.integer(), c: s.integer() }, { entity_checks: [check] })
  const messages = (value: Value): string[] =>
    validate(field, value).findings.map((each) => `${pathText(each.path)}: ${each.message}`)
  assert.deepEqual(messages({ a: 'x' }), ['a: expected an integer'])
  assert.deepEqual(messages({ c: 'x' }), ['c: expected an integer', 'b: must go', '@entity: never both'])
})

test('a vault reference is resolved where the field allows one, and is not held to the rules', () => {
  const doors: ValidateDoors = { vault: (reference, path) => `<${reference} at ${pathText(path)}>` }
  const field = s.record({ secret: s.string({ referenceable: true, len_max: 3 }), plain: s.string() })
  assert.deepEqual(validate(field, { secret: '{vault://env/x}', plain: '{vault://env/x}' }, doors), {
    value: { secret: '<{vault://env/x} at secret>', plain: '{vault://env/x}' },
    findings: [],
  })
})

test('a foreign key is an id, or a record with one', () => {
  assert.equal(validate(s.foreign('services'), 'i').value, 'i')
  assert.equal(validate(s.foreign('services'), { id: 'i' }).value, 'i')
})

test("yes and no are booleans only where YAML 1.1's words are asked for", () => {
  const yaml = { yamlBooleans: true }
  assert.deepEqual(
    ['yes', 'On', 'NO', 'off'].map((word) => validate(s.boolean(), word, yaml).value),
    [true, true, false, false],
  )
  assert.equal(validate(s.string(), 'yes', yaml).value, 'yes')
})

test('a field named like a property of all objects is unknown like any other', () => {
  const value = JSON.parse('{"__proto__": 1, "constructor": 2, "toString": 3}')
  assert.equal(validate(s.record({}), value).findings.length, 3)
  const map = validate(s.map(s.string(), s.integer()), JSON.parse('{"__proto__": 1}')).value
  assert.deepEqual(Object.keys(map as object), ['__proto__'])
})

test('no value makes it throw', () => {
  const field = s.record({
    a: s.string(),
    b: s.integer(),
    c: s.array(s.string()),
    d: s.map(s.string(), s.boolean()),
    e: s.foreign('x'),
    f: s.record({ a: s.set(s.number()) }, { required: true }),
  }) // prettier-ignore
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g')
  fc.assert(
    fc.property(
      fc.oneof(fc.jsonValue(), fc.dictionary(key, fc.jsonValue())),
      (value) => void validate(field, value as Value),
    ),
  )
})

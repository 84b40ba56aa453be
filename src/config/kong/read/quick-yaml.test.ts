/** The quick reader held against the complete one, on good text and on damaged text. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse, parseDocument, stringify } from 'yaml'
import { quickJson, quickYaml } from './quick-yaml.ts'

const SAMPLE = `---
# a gateway
_format_version: "3.0"
services:
- name: orders # the first
  url: http://orders.internal:8080/v1
  tags: [team-a, 'it''s', "x\\ty"]
  routes:
    - name: r1
      paths: ["/a", "~/v\\\\d+/b",
        /c]
      headers: {x-a: [b, c], "y": [1]}
      strip_path: false
    -
      name: r2
      regex_priority: -10
      empty:
  weights:
  - - 1
    - 2.5
  - 1e3
certificates:
- cert: |
    -----BEGIN CERTIFICATE-----
      MIIB

    -----END CERTIFICATE-----
  key: |-
    text: not a key
    # not a comment
nothing: ~
time: 12:30:45
last: a # b
`

test('the way people write a configuration is read without the complete parser', () => {
  assert.deepEqual(quickYaml(SAMPLE), parse(SAMPLE))
})

test('what is not plain is left to the complete parser', () => {
  const odd = [
    'a: &x 1',
    'a: *x',
    'a: !!str 1',
    'a: "two\n  lines"',
    'a: two\n  lines',
    'a: 1\na: 2',
    'a: >\n  folded',
    '? a\n: b',
    'a:\tb',
    'a: 0x10',
    '<<: {a: 1}',
    '{a: 1, a: 2}',
    'a: 1\n---\nb: 2',
    '%YAML 1.2\n---\na: 1',
    'a: [1\n]',
    'a: b: c',
    '  a: 1\n b: 2',
    '__proto__: 1',
    '"__proto__": 1',
    '',
    '# only a comment',
    'a: |+\n  x\n\n',
    'a: @x',
    'a: 99999999999999999999',
  ] // prettier-ignore
  for (const text of odd) assert.equal(quickYaml(text), undefined, JSON.stringify(text))
  assert.equal(quickYaml('['.repeat(200)), undefined)
})

test('JSON with repeated keys is not taken for plain', () => {
  assert.deepEqual(quickJson('{\n\t"a": [1, {"b": null}],\r\n\t"c": "\\u00e9"\n}\n'), {
    a: [1, { b: null }],
    c: 'é',
  })
  assert.equal(quickJson('{"a": 1, "a": 2}'), undefined)
})

/** The quick reader may give up, but may not differ. */
function agrees(text: string): boolean {
  const quick = quickYaml(text)
  if (quick === undefined) return false
  const document = parseDocument(text, { logLevel: 'silent', prettyErrors: false })
  assert.deepEqual(
    document.errors.map((error) => error.message),
    [],
    JSON.stringify(text),
  )
  assert.deepEqual(quick, document.toJS(), JSON.stringify(text))
  return true
}

test('whatever is written as YAML or JSON is read the same as by the complete parser', () => {
  const word = fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.constantFrom('', 'a', 'yes', '1', '- x', 'a: b', '#', 'é'),
  )
  const { value } = fc.letrec((tie) => ({
    leaf: fc.oneof(
      word,
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    ),
    value: fc.oneof(
      { depthSize: 'small' },
      tie('leaf'),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(word, fc.constantFrom('name', 'b', 'c-d')), tie('value'), { maxKeys: 4 }),
    ),
  }))
  const options = fc.record({
    indentSeq: fc.boolean(),
    lineWidth: fc.constantFrom(0, 20),
    indent: fc.constantFrom(2, 4),
  })
  fc.assert(
    fc.property(value, options, (each, how) => void agrees(stringify(each, how))),
    { numRuns: 300 },
  )
  fc.assert(
    fc.property(value, (each) => void agrees(JSON.stringify(each, null, 2))),
    { numRuns: 100 },
  )
})

test('a text damaged anywhere is either left to the complete parser or read the same', () => {
  const splinter = fc.constantFrom(
    '',
    ' ',
    '  ',
    '\n',
    ':',
    ': ',
    '- ',
    '-',
    '#',
    ' #',
    '"',
    "'",
    '[',
    ']',
    '{',
    '}',
    ',',
    '|',
    '\\',
    '~',
    '.',
    '0',
    'null',
    '\n  ',
    'a: ',
  )
  const at = fc.nat(SAMPLE.length)
  let plain = 0
  fc.assert(
    fc.property(at, fc.nat(3), splinter, at, splinter, (i, cut, text, j, more) => {
      const damaged = SAMPLE.slice(0, i) + text + SAMPLE.slice(i + cut)
      if (agrees(damaged.slice(0, j) + more + damaged.slice(j))) plain++
    }),
    { numRuns: 1500 },
  )
  assert.ok(plain > 100, `only ${plain} were read`)
})

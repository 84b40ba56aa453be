/** Texts, their values, and the place of what is wrong in them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { finding, formatProblem, type Path } from '../../problems.ts'
import { readText } from './read-text.ts'

test('each finding is placed at its value, at its key, or at what is around it', () => {
  const text = 'services:\n- name: a\n  port: x\n  nothing:\n- {name: "b", "port": y}\n'
  assert.equal(place(text, ['services', 0, 'port']), '3:9')
  assert.equal(place(text, ['services', 0, 'port'], 'key'), '3:3')
  assert.equal(place(text, ['services', 0, 'nothing']), '4:3')
  assert.equal(place(text, ['services', 0, 'host']), '2:3')
  assert.equal(place(text, ['services', 1, 'port']), '5:23')
  assert.equal(place(text, ['services', 7, 'port']), '2:1')
})

test('a finding inside an alias or a merged map is placed where the value is written', () => {
  const text = 'base: &base\n  port: x\n  tags: &tags [1]\na:\n  <<: *base\n  name: a\nb: *tags\n'
  assert.equal(place(text, ['a', 'port']), '2:9')
  assert.equal(place(text, ['b', 0]), '3:16')
  assert.deepEqual(read(text).value, {
    base: { port: 'x', tags: [1] },
    a: { name: 'a', port: 'x', tags: [1] },
    b: [1],
  })
})

test('what is wrong with the text itself has a place too', () => {
  assert.deepEqual(problems('a: 1\nb: [1, 2\n'), [
    'kong.yml:3:1: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ])
  assert.deepEqual(problems('a: 1\nb:\n  c: 1\n  c: 2\n'), ["kong.yml:4:3: b.c: duplicate key 'c'"])
  assert.deepEqual(problems('a: *nobody\n'), ["kong.yml:1:4: a: unknown alias '*nobody'"])
  assert.deepEqual(problems('a: !!binary aGk=\n'), [
    'kong.yml:1:13: a: values with this YAML tag are not supported',
  ])
  assert.deepEqual(problems('? [a]\n: 1\n'), ['kong.yml:1:1: a key must be a plain word or a quoted string'])
})

test('JSON must be JSON, with its place, and no key twice', () => {
  assert.deepEqual(read('{"a": [1, {"b": null}]}', 'kong.json').value, { a: [1, { b: null }] })
  assert.match(problems('a: 1\n', 'kong.json')[0] ?? '', /^kong\.json:1:1: not valid JSON: /)
  assert.match(problems('{"a": 1,\n "b": }', 'kong.json')[0] ?? '', /^kong\.json:\d:\d+: not valid JSON: /)
  assert.deepEqual(problems('{"a": 1,\n "a": 2}', 'kong.json'), ["kong.json:2:2: a: duplicate key 'a'"])
})

test('a hostile file costs little: aliases that multiply, depth, a loop of aliases', () => {
  const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
  for (let i = 1; i < 12; i++)
    bomb.push(
      `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    )
  assert.match(problems(bomb.join('\n'))[0] ?? '', /too many values/)
  assert.match(problems(`a: ${'['.repeat(100)}${']'.repeat(100)}`)[0] ?? '', /nested too deeply/)
  assert.equal(problems('['.repeat(200_000)).length > 0, true)
  assert.deepEqual(problems('a: &a [*a]'), ["kong.yml:1:8: a[0]: unknown alias '*a'"])
})

test('only files of a known type are read', () => {
  assert.deepEqual(problems('a: 1', 'kong.lua'), [
    'kong.lua: unknown type of file: expected .yml, .yaml or .json',
  ])
})

test("deck's variables are put in before the text is read, and places stay those of the file", () => {
  const environment = { DECK_HOST: 'orders.internal', DECK_PORT: '8080' }
  const text = `host: "${mark('env "DECK_HOST"')}"\nport: ${mark('env "DECK_PORT" | toInt')} # x\nlist: [${mark('env `DECK_HOST`')}, z]\n`
  const reading = readText({ text, file: 'kong.yml', environment })
  assert.deepEqual(reading.value, { host: 'orders.internal', port: 8080, list: ['orders.internal', 'z'] })
  const [placed] = reading.placed([finding(['list', 1], 'here')])
  assert.equal(placed?.line, 3)
  assert.equal(text.split('\n')[2]?.[(placed?.column ?? 0) - 1], 'z')
})

test("deck's variables must be set and begin with DECK_", () => {
  assert.deepEqual(problems(`a: ${mark('env "DECK_X"')}\nb: ${mark('env "HOME"')}\nc: ${mark('boom')}\n`), [
    "kong.yml:1:4: environment variable 'DECK_X' present in state file but not set",
    "kong.yml:2:4: environment variables in the state file must be prefixed with 'DECK_', found: 'HOME'",
    `kong.yml:3:4: only ${mark('env "DECK_…"')} is understood, not 'boom'`,
  ])
})

test('a byte order mark and Windows line ends are read over', () => {
  assert.deepEqual(read('\ufeffa: 1\r\nb: x\r\n').value, { a: 1, b: 'x' })
})

/** What deck expands. */
function mark(call: string): string {
  return `$\{{ ${call} }}`
}

function read(text: string, file = 'kong.yml') {
  return readText({ text, file, environment: {} })
}

function problems(text: string, file = 'kong.yml'): string[] {
  return read(text, file).problems.map(formatProblem)
}

function place(text: string, path: Path, at: 'key' | 'value' = 'value'): string {
  const [problem] = read(text).placed([finding(path, '', at)])
  return `${problem?.line}:${problem?.column}`
}

/** Reading bench/gates.json: a bound that is misspelt would hold forever. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Gates, readGates } from './gates.ts'

function read(text: string): Gates {
  return readGates({ path: 'bench/gates.json', text, scenarios: ['plain-8', 'guarded'] })
}

function fails(text: string, ...lines: string[]): void {
  assert.throws(
    () => read(text),
    (error: Error) => {
      assert.deepEqual(error.message.split('\n'), lines)
      return true
    },
  )
}

function withBounds(reference: string, base = '{}'): string {
  return `{
  "subject": "sluice",
  "reference": { "subject": "nginx", "bounds": ${reference} },
  "base": { "subject": "base", "bounds": ${base} }
}`
}

test('bounds are read by scenario and by name', () => {
  const gates = read(
    withBounds('{ "guarded": { "p99": 1.2, "cpu": 1.35 } }', '{ "plain-8": { "cpu": 1.05 } }'),
  )
  assert.equal(gates.subject, 'sluice')
  assert.equal(gates.reference.subject, 'nginx')
  assert.deepEqual(
    [...gates.reference.bounds.get('guarded')!],
    [
      ['p99', 1.2],
      ['cpu', 1.35],
    ],
  )
  assert.equal(gates.base.bounds.get('plain-8')?.get('cpu'), 1.05)
})

test('a scenario that does not exist is an error with its line', () => {
  fails(
    withBounds('{\n "plain-9": {} }'),
    "bench/gates.json:4: reference.bounds knows no 'plain-9'; there are plain-8, guarded",
  )
})

test('a bound that does not exist there is an error with its line', () => {
  fails(
    withBounds('{}', '{\n"guarded": {\n"steadyMb": 160 } }'),
    "bench/gates.json:6: base.bounds.guarded knows no 'steadyMb'; there are cpu, requestsPerS, p90, p99, p999, memory, " +
      'bytesPerRequest',
  )
})

test('limits that are no numbers above 0 are errors, all of them at once', () => {
  fails(
    withBounds('{ "guarded": {\n"p99": "1.2",\n"cpu": 0,\n"p999": null } }'),
    'bench/gates.json:4: reference.bounds.guarded.p99 must be a number above 0',
    'bench/gates.json:5: reference.bounds.guarded.cpu must be a number above 0',
    'bench/gates.json:6: reference.bounds.guarded.p999 must be a number above 0',
  )
})

test('a scenario given twice is an error: the second would hide the first', () => {
  fails(withBounds('{ "guarded": {},\n"guarded": {} }'), 'bench/gates.json:4: Map keys must be unique')
})

test('what is missing is named', () => {
  fails(
    '{\n "subject": "",\n "base": { "subject": "base" } }',
    'bench/gates.json:2: subject must be the name of a subject',
    "bench/gates.json:1: 'reference' is missing",
    "bench/gates.json:3: 'bounds' is missing",
  )
})

test('a file that is empty, or no object, is an error and not a gate that holds everything', () => {
  fails('', 'bench/gates.json:1: the file is empty')
  assert.throws(() => read('[]'), /bench\/gates\.json:1: the file must be an object/)
})

/** How problems read. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatProblem, nearestWord, pathText } from './problems.ts'

const problem = {
  level: 'error',
  file: 'kong.yml',
  line: 12,
  column: 5,
  path: 'services[0].port',
  message: 'expected an integer',
} as const

test('a problem reads as file, line, column, path and message', () => {
  assert.equal(formatProblem(problem), 'kong.yml:12:5: services[0].port: expected an integer')
})

test('a problem without a place or a path leaves them out, and a warning says that it is one', () => {
  const bare = { ...problem, level: 'warning', line: 0, column: 0, path: '' } as const
  assert.equal(formatProblem(bare), 'kong.yml: warning: expected an integer')
})

test('a path names fields with dots, elements with brackets and odd keys in quotes', () => {
  assert.equal(
    pathText(['services', 2, 'routes', 0, 'headers', 'x.y']),
    'services[2].routes[0].headers["x.y"]',
  )
  assert.equal(pathText([]), '')
})

test('a slip of the finger is recognised, another word is not', () => {
  const known = ['strip_path', 'paths', 'hosts', 'name']
  assert.equal(nearestWord('strippath', known), 'strip_path')
  assert.equal(nearestWord('pahts', known), 'paths')
  assert.equal(nearestWord('host', known), 'hosts')
  assert.equal(nearestWord('timeout', known), null)
  assert.equal(nearestWord('x'.repeat(10_000), known), null)
})

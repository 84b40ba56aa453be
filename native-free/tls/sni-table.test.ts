/** Which entry a server name means. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lowered, SniTable } from './sni-table.ts'

const ALL = ['a.example.com', '*.example.com', 'a.*', 'a.example.*', '*']

function found(name: string, without: readonly string[] = []): string | null {
  const names = ALL.filter((entry) => !without.includes(entry))
  return new SniTable(new Map(names.map((entry) => [entry, entry]))).find(name)
}

test('an exact name comes first, then its parent’s, then any end, then the one for all', () => {
  assert.equal(found('a.example.com'), 'a.example.com')
  assert.equal(found('a.example.com', ['a.example.com']), '*.example.com')
  assert.equal(found('a.example.com', ['a.example.com', '*.example.com']), 'a.example.*')
  assert.equal(found('a.example.com', ['a.example.com', '*.example.com', 'a.example.*']), '*')
  assert.equal(found('a.example.com', ALL), null)
})

test('a wildcard stands for one label', () => {
  assert.equal(found('x.y.example.com'), '*')
  assert.equal(found('example.com'), '*')
  assert.equal(found('a.b.c'), '*')
  assert.equal(found('a.org'), 'a.*')
})

test('names are compared in lower case and without the dot at their end', () => {
  assert.equal(found('A.EXAMPLE.com.'), 'a.example.com')
  assert.equal(lowered('A.b.'), 'a.b')
})

test('names that are none find what is for all, and harm nobody', () => {
  for (const name of ['', '.', '..', '.com', 'com.', '*', '*.example.com', '__proto__', 'x'.repeat(255)])
    assert.ok(['*', '*.example.com'].includes(found(name) ?? ''), name)
})

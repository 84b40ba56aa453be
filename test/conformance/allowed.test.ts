/** The allowed differences between engines are written where users look for them. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { allowed } from './allowed.ts'

function findRoot(from: string): string {
  return existsSync(join(from, 'package.json')) ? from : findRoot(dirname(from))
}

test('every allowed difference between engines is told in docs/engines.md, with its reason', () => {
  if (allowed.length === 0) return
  const page = readFileSync(
    join(findRoot(dirname(fileURLToPath(import.meta.url))), 'docs/engines.md'),
    'utf8',
  )
  for (const { name, reason } of allowed) {
    assert.ok(page.includes(name), `docs/engines.md lacks: ${name}`)
    assert.ok(page.includes(reason), `docs/engines.md lacks: ${reason}`)
  }
})

test('no difference is allowed twice', () => {
  const keys = allowed.map(({ engine, name }) => `${engine} ${name}`)
  assert.deepEqual(keys, [...new Set(keys)])
})

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

test('the reason of every allowed difference is told in docs/conformance.md', () => {
  const page = readFileSync(
    join(findRoot(dirname(fileURLToPath(import.meta.url))), 'docs/conformance.md'),
    'utf8',
  )
  for (const { reason } of allowed) assert.ok(page.includes(reason), `docs/conformance.md lacks: ${reason}`)
})

/** The bench's own programs, asked. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { ownFolder } from '../measure/ending.ts'
import { askProcess } from './ask-process.ts'

test('a program that does not answer in time is ended, and that is said', async (t) => {
  const folder = ownFolder('sluice-ask-')
  t.after(() => folder.remove())
  const file = join(folder.path, 'hangs.cjs')
  writeFileSync(file, 'setInterval(() => {}, 1000)')
  const program = pathToFileURL(file)
  await assert.rejects(askProcess({ program, cores: [], withinMs: 300 }, {}), /has not ended after 0\.3 s/)
})

test('what a program says when it fails is the error', async (t) => {
  const folder = ownFolder('sluice-ask-')
  t.after(() => folder.remove())
  const file = join(folder.path, 'fails.cjs')
  writeFileSync(file, "process.stderr.write('no such host'); process.exitCode = 1")
  const program = pathToFileURL(file)
  await assert.rejects(askProcess({ program, cores: [], withinMs: 20_000 }, {}), /^Error: no such host$/)
})

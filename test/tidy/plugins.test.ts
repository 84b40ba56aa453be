/** A plugin is one folder that is complete by itself. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { AnyPlugin } from '../../src/contract/plugin.ts'
import { assertNone } from './assert-none.ts'
import { built, exists, filesUnder, read, root } from './tree.ts'

const names = exists('src/plugins')
  ? readdirSync(join(root, 'src/plugins'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
  : []

test('each plugin has its code, its test and its README', () => {
  const missing: string[] = []
  for (const name of names)
    for (const file of [`${name}.ts`, `${name}.test.ts`, 'README.md'])
      if (!exists(`src/plugins/${name}/${file}`)) missing.push(`src/plugins/${name}/${file}`)
  assertNone(missing)
})

test("each plugin's README opens with its name and shows a configuration", () => {
  for (const name of names) {
    const text = read(`src/plugins/${name}/README.md`)
    assert.ok(text.startsWith(`# ${name}\n`), `${name}: the README opens with "# ${name}"`)
    assert.match(text, /```ya?ml/, `${name}: the README shows a configuration`)
  }
})

test('each plugin is named as its folder and says what it does in one sentence', async () => {
  for (const name of names) {
    const plugin = await load(name)
    assert.equal(plugin.name, name)
    assert.match(plugin.summary, /^[A-Z].*\.$/, `${name}: the summary is a sentence`)
    assert.ok(Number.isInteger(plugin.priority), `${name}: the priority is a whole number`)
    assert.equal(plugin.schema.type, 'record', `${name}: the schema is a record`)
  }
})

test('nothing but plugin folders lies among the plugins', () => {
  const loose = filesUnder('src/plugins').filter((path) => path.split('/').length === 3)
  assertNone(loose)
})

async function load(name: string): Promise<AnyPlugin> {
  const file = join(built, 'src/plugins', name, `${name}.js`)
  // the shape of every plugin's module
  const module = (await import(pathToFileURL(file).href)) as { default: AnyPlugin }
  return module.default
}

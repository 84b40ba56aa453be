/** Which plugins are loaded, and when. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadSource } from './config-source.ts'
import { PluginShelf } from './plugin-shelf.ts'

const sourceOf = (text: string) => ({ file: '', name: 'the test', text })

test('a configuration has the plugins loaded that it names, and no others', async () => {
  const shelf = await PluginShelf.open([])
  assert.deepEqual([...shelf.plugins.keys()], [])
  const text = '_format_version: "3.0"\nplugins: [{ name: cors }, { name: key-auth }]\n'
  const { config } = await loadSource(sourceOf(text), shelf)
  assert.equal(config?.plugins.length, 2)
  assert.deepEqual([...shelf.plugins.keys()].sort(), ['cors', 'key-auth'])
})

test('a name that the text spells in its own way is found all the same', async () => {
  const shelf = await PluginShelf.open([])
  const { config } = await loadSource(
    sourceOf('_format_version: "3.0"\nplugins: [{ name: "c\\x6frs" }]\n'),
    shelf,
  )
  assert.equal(config?.plugins[0]?.name, 'cors')
})

test('who asks for jaeger is told what its collector takes', async () => {
  const text = '_format_version: "3.0"\nplugins: [{ name: jaeger }]\n'
  const { problems } = await loadSource(sourceOf(text), await PluginShelf.open([]))
  assert.match(
    problems[0]!.message,
    /'jaeger' not enabled.*'opentelemetry' with traces_endpoint .*'zipkin' with/,
  )
})

test("an operator's own plugin is loaded at once, so that one that is broken stops the start", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'plugins-'))
  t.after(() => rmSync(directory, { recursive: true }))
  mkdirSync(join(directory, 'mine'))
  writeFileSync(join(directory, 'mine', 'mine.mjs'), 'export default 1\n')
  await assert.rejects(PluginShelf.open([directory]), /plugin .*mine\.mjs: it has no default export/)
})

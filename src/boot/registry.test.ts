/** How plugins are found: bundled ones by their folders, custom ones by the directories an operator names. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { root } from '../../test/tidy/tree.ts'
import { GatewayError } from '../base/faults.ts'
import { loadPlugins } from './registry.ts'

const GOOD = `export default {
  name: 'mine', summary: 'Mine.', priority: 5, schema: { type: 'record', fields: {} }, build: () => ({}),
}`

test('every bundled plugin is found without being named anywhere', async () => {
  const plugins = await loadPlugins([])
  assert.equal(plugins.get('correlation-id')?.priority, 100_001)
  assert.equal(plugins.get('request-termination')?.priority, 2)
  for (const [name, plugin] of plugins) assert.equal(plugin.name, name)
})

test('a bundled plugin that Kong has runs at the place Kong runs it', async () => {
  const docs = readFileSync(join(root, 'docs/plugins.md'), 'utf8')
  for (const [name, { priority }] of await loadPlugins([])) {
    const listed = new RegExp(`^\\| (-?\\d+) \\| ${name} \\|$`, 'm').exec(docs)
    if (listed !== null) assert.equal(priority, Number(listed[1]), name)
  }
})

test('a custom plugin is found in a directory the operator names, beside the bundled ones', async () => {
  const fixtures = join(dirname(fileURLToPath(import.meta.url)), '../../test/fixtures/plugins')
  const plugins = await loadPlugins([fixtures])
  assert.equal(plugins.get('greeting')?.summary, 'Greets callers in a header and answers /hello itself.')
  assert.ok(plugins.has('correlation-id'))
})

test('a custom plugin needs nothing of ours: a plain object will do', async (t) => {
  const directory = await folder(t, { 'mine/mine.mjs': GOOD, '.git/config': '', 'notes.txt': 'not a plugin' })
  assert.ok((await loadPlugins([directory])).has('mine'))
})

const REFUSED: readonly (readonly [what: string, file: string, code: string, says: RegExp])[] = [
  ['a file that throws', 'mine/mine.mjs', 'throw new Error("no licence")', /mine\.mjs: no licence/],
  ['a file with a syntax error', 'mine/mine.mjs', 'export default {', /mine\.mjs: Unexpected/],
  [
    'a file without a default export',
    'mine/mine.mjs',
    'export const a = 1',
    /mine\.mjs: it has no default export/,
  ],
  ['a name that is not the folder', 'yours/yours.mjs', GOOD, /"name" is 'mine', but the folder is 'yours'/],
  ['a folder without its file', 'mine/other.mjs', GOOD, /mine: it holds none of mine\.js, mine\.mjs/],
  ['no priority', 'mine/mine.mjs', GOOD.replace('priority: 5,', ''), /"priority" is not a number/],
  ['no summary', 'mine/mine.mjs', GOOD.replace('summary', 'about'), /"summary" is not a string/],
  [
    'a schema that is no record',
    'mine/mine.mjs',
    GOOD.replace('record', 'string'),
    /"schema" is not a record/,
  ],
  [
    'a build that is no function',
    'mine/mine.mjs',
    GOOD.replace('() => ({})', '1'),
    /"build" is not a function/,
  ],
]

for (const [what, file, code, says] of REFUSED) {
  test(`the start is refused over ${what}, with the file and the reason`, async (t) => {
    const directory = await folder(t, { [file]: code })
    await assert.rejects(
      loadPlugins([directory]),
      (error) => error instanceof GatewayError && says.test(error.detail),
    )
  })
}

test('a custom plugin may not take the place of a bundled one, nor of another custom one', async (t) => {
  const shadow = await folder(t, {
    'correlation-id/correlation-id.mjs': GOOD.replace('mine', 'correlation-id'),
  })
  await assert.rejects(loadPlugins([shadow]), /a plugin of the name correlation-id is already there/)
  const one = await folder(t, { 'mine/mine.mjs': GOOD })
  const two = await folder(t, { 'mine/mine.mjs': GOOD })
  await assert.rejects(loadPlugins([one, two]), /a plugin of the name mine is already there/)
})

test('a directory that does not exist is named', async () => {
  await assert.rejects(loadPlugins(['/nowhere/at/all']), /plugins in \/nowhere\/at\/all: ENOENT/)
})

/** A directory with these files, gone after the test. */
async function folder(
  t: { after(done: () => Promise<void>): void },
  files: Record<string, string>,
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'plugins-'))
  t.after(() => rm(directory, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), text)
  }
  return directory
}

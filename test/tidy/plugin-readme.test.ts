/** The tables of the plugins' READMEs are what their schemas say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadPlugins } from '../../src/boot/registry.ts'
import { s } from '../../src/contract/schema.ts'
import { makeConfigTable, withConfigTable } from './plugin-readme.ts'
import { read } from './tree.ts'

test("each plugin's README shows the configuration that its schema takes", async () => {
  for (const plugin of (await loadPlugins([])).values()) {
    const readme = read(`src/plugins/${plugin.name}/README.md`)
    assert.equal(readme, withConfigTable(readme, plugin), `${plugin.name}: run "npm run gen"`)
  }
})

test('the table names inner fields, defaults, choices and bounds', () => {
  const schema = s.record({
    methods: s.set(s.string({ one_of: ['GET', 'POST'] }), { default: ['GET'], says: 'What to count.' }),
    queue: s.record({ size: s.integer({ required: true, between: [1, 9] }) }),
    servers: s.array(s.record({ host: s.string({ len_max: 5 }) })),
  })
  assert.deepEqual(makeConfigTable(schema).split('\n').slice(2), [
    '| `methods` | set of string | `["GET"]` | one of `GET`, `POST` | What to count. |',
    '| `queue` | record |  |  |  |',
    '| `queue.size` | integer | **required** | 1 to 9 |  |',
    '| `servers` | array of record |  |  |  |',
    '| `servers[].host` | string |  | at most 5 long |  |',
  ])
})

test('a README without a place for the table is refused', () => {
  const schema = s.record({})
  const plugin = { name: 'x', summary: 'X.', priority: 1, schema, build: () => ({}) }
  assert.throws(() => withConfigTable('# x\n', plugin), /x\/README.md lacks/)
})

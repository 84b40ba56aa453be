/** Golden configurations: each test/fixtures/config/*.case holds one, a line `---expect---`, and what is said of it. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problems.ts'
import { type AnyPlugin, definePlugin } from '../../src/contract/plugin.ts'
import { s } from '../../src/contract/schema.ts'

const MARK = '\n---expect---\n'
const folder = join(projectRoot(), 'test/fixtures/config')

for (const name of readdirSync(folder).filter((file) => file.endsWith('.case'))) {
  test(`the configuration in ${name} is judged as the file says`, () => {
    const whole = readFileSync(join(folder, name), 'utf8')
    const at = whole.indexOf(MARK)
    const { config, problems } = loadConfig({
      text: whole.slice(0, at + 1),
      file: 'kong.yml',
      environment: { SECRET: 'x', JSON: '{"user": "u"}' },
      plugins,
      now: () => 1_800_000_000,
      random: counting(),
    })
    const expected = whole
      .slice(at + MARK.length)
      .trim()
      .split('\n')
    assert.deepEqual(problems.length === 0 ? ['ok'] : problems.map(formatProblem), expected)
    assert.equal(
      config === null,
      problems.some((problem) => problem.level === 'error'),
    )
  })
}

/** Stand-ins, so that the golden files do not change with the real plugins. */
const keyAuth = definePlugin({
  name: 'key-auth',
  summary: 'Asks for a key.',
  priority: 1250,
  noScope: ['consumer'],
  schema: s.record({
    key_names: s.array(s.string(), { required: true, default: ['apikey'] }),
    hide_credentials: s.boolean({ default: false }),
  }),
  build: () => ({}),
})

const rateLimiting = definePlugin({
  name: 'rate-limiting',
  summary: 'Limits.',
  priority: 910,
  schema: s.record(
    {
      minute: s.number({ gt: 0 }),
      policy: s.string({ default: 'local', one_of: ['local', 'redis'] }),
      redis: s.record({ host: s.string(), password: s.string({ referenceable: true }) }),
    },
    {
      entity_checks: [
        {
          name: 'some limit',
          fields: ['minute'],
          check: (config) =>
            config['minute'] === null ? "at least one of these fields must be non-empty: 'minute'" : null,
        },
      ],
    },
  ),
  build: () => ({}),
})

// A definition's `build` takes its own config type, so a list of several can only hold them untyped.
const plugins = new Map<string, AnyPlugin>([
  ['key-auth', keyAuth as unknown as AnyPlugin],
  ['rate-limiting', rateLimiting as unknown as AnyPlugin],
])

function counting(): (count: number) => Uint8Array {
  let next = 0
  return (count) => Uint8Array.from({ length: count }, () => next++ % 256)
}

/** Where package.json is: the tests also run from a build folder. */
function projectRoot(): string {
  let at = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(at, 'package.json'))) at = dirname(at)
  return at
}

/** The files of profiles/ and the pages that speak of them say the same. */
import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { test } from 'node:test'
import { parseProfile } from '../../src/boot/cli/profile.ts'
import { variables } from '../../src/config/env/env.ts'
import { type EnvironmentReading, readEnvironment } from '../../src/config/env/env-read.ts'
import { assertNone } from './assert-none.ts'
import { filesUnder, read } from './tree.ts'

const MACHINE = { cores: 3, filesMax: 1_000_000, runtimeDir: '/run/sluice' }
const files = filesUnder('profiles').filter((path) => path.endsWith('.env'))

function readAlone(file: string): EnvironmentReading {
  const { rows } = parseProfile(read(file), file)
  return readEnvironment(Object.fromEntries(rows.map(({ name, value }) => [name, value])), MACHINE)
}

for (const file of files) {
  test(`${file} holds nothing that is unknown, wrong or the default anyway`, () => {
    const { environment, problems, given } = readAlone(file)
    assert.deepEqual(parseProfile(read(file), file).problems, [])
    assert.deepEqual(problems, [])
    const defaults = readEnvironment({}, MACHINE).environment
    for (const [property, name] of given) {
      const key = property as keyof typeof defaults // the reader fills it from the same table
      assert.notDeepEqual(environment[key], defaults[key], `${name} is the default`)
    }
  })

  test(`a shell, systemd and docker read ${file} as the gateway does`, () => {
    const rows = parseProfile(read(file), file).rows
    assertNone(rows.filter(({ value }) => !/^[\w./:,+-]+$/.test(value)).map(({ name }) => name))
    assertNone(rows.filter(({ name }) => !name.startsWith('SLUICE_')).map(({ name }) => name))
  })
}

test('every profile has its row in profiles/README.md, and every row its profile', () => {
  const rows = [...read('profiles/README.md').matchAll(/^\| `([\w-]+)` \|/gm)].map((match) => match[1]!)
  assert.deepEqual(
    rows.sort(),
    files.map((file) => posix.basename(file, '.env')),
  )
})

test('every profile that a page asks for is there', () => {
  const pages = ['README.md', ...['docs', 'deploy', 'examples'].flatMap(filesUnder)]
  const asked = pages.flatMap((page) =>
    [...read(page).matchAll(/(?:--profile[ =]|SLUICE_PROFILE=|profiles\/)([a-z][\w-]*)/g)].map(
      (match) => [page, match[1]!] as const,
    ),
  )
  assert.ok(asked.length > 0)
  assertNone(
    asked.filter(([, name]) => !files.includes(`profiles/${name}.env`)).map((each) => each.join(': ')),
  )
})

test('every metric and setting that docs/tuning.md names exists', () => {
  const page = read('docs/tuning.md')
  const code = ['src/control/status', 'src/state'].flatMap(filesUnder).map(read).join('\n')
  const metrics = new Set([...page.matchAll(/\bsluice_([a-z_]+)/g)].map((match) => match[1]!))
  assert.ok(metrics.size > 5)
  assertNone([...metrics].filter((name) => !code.includes(`'${name}'`) && !code.includes(`'sluice_${name}'`)))
  const settings = new Set([...page.matchAll(/\bSLUICE_([A-Z_]+)/g)].map((match) => match[1]!))
  const known = new Set(Object.values(variables).map(({ name }) => name))
  assertNone([...settings].filter((name) => !known.has(name)))
})

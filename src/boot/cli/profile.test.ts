/** How a profile is read, and what of it counts beside the environment. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readEnvironment } from '../../config/env/env-read.ts'
import { parseProfile, placeOf, profileAsked, withProfile } from './profile.ts'

const MACHINE = { cores: 4, filesMax: 1_000_000, runtimeDir: '/run/sluice' }

function rowsOf(text: string): (readonly [string, string, number])[] {
  return parseProfile(text, 'a.env').rows.map(({ name, value, line }) => [name, value, line] as const)
}

function workers(environment: Record<string, string>, text: string): number {
  const given = withProfile(environment, parseProfile(text, 'a.env'), 'a.env')
  return readEnvironment(given, MACHINE).environment.workers
}

test('comments, blank lines, quotes and the line ends of Windows are read as other readers of env files do', () => {
  const text =
    '\uFEFF# a\r\n\r\n  SLUICE_WORKERS = no\nSLUICE_HEADERS="via, server"\r\nKONG_LOG_LEVEL=\n#SLUICE_X=1\n'
  const { rows, problems } = parseProfile(text, 'a.env')
  assert.deepEqual(
    problems.map(({ name, message }) => `${name}: ${message}`),
    ["a.env:3: 'SLUICE_WORKERS ' is not the NAME of NAME=value"],
  )
  assert.deepEqual(rows, [
    { name: 'SLUICE_HEADERS', value: 'via, server', line: 4 },
    { name: 'KONG_LOG_LEVEL', value: '', line: 5 },
  ])
  assert.deepEqual(rowsOf(`SLUICE_PREFIX='/a "b"'\nSLUICE_WATCH="on'`), [
    ['SLUICE_PREFIX', '/a "b"', 1],
    ['SLUICE_WATCH', `"on'`, 2],
  ])
})

test('every line that says nothing sure is told with its place', () => {
  const { problems } = parseProfile(
    'export SLUICE_WATCH=on\nPATH=/bin\nSLUICE_WATCH=on\nSLUICE_WATCH=off\nSLUICE_PROFILE=b\n',
    'dir/a.env',
  )
  assert.deepEqual(
    problems.map(({ name, message }) => `${name}: ${message}`),
    [
      "dir/a.env:1: 'export SLUICE_WATCH' is not the NAME of NAME=value",
      "dir/a.env:2: 'PATH' is not a setting: their names start with SLUICE_",
      'dir/a.env:4: SLUICE_WATCH is in line 3 as well',
      'dir/a.env:5: a profile names no other',
    ],
  )
})

test('a value is never printed, nor a line that may be nothing but one', () => {
  const { problems } = parseProfile('SLUICE REDIS PASSWORD=s3cret=x\ns3cret\nPASSWORD=s3cret\n', 'a.env')
  assert.equal(problems.length, 3)
  assert.ok(!JSON.stringify(problems).includes('s3cret'))
})

test('what the environment says counts, by whichever name of the setting it says it', () => {
  assert.equal(workers({}, 'SLUICE_WORKERS=2'), 2)
  assert.equal(workers({ SLUICE_WORKERS: '3' }, 'SLUICE_WORKERS=2'), 3)
  assert.equal(workers({ KONG_WORKERS: '3' }, 'SLUICE_WORKERS=2'), 3)
  assert.equal(workers({ KONG_NGINX_WORKER_PROCESSES: '3' }, 'SLUICE_WORKERS=2'), 3)
  assert.equal(workers({ SLUICE_NGINX_WORKER_PROCESSES: '3' }, 'KONG_WORKERS=2'), 3)
})

test('an empty variable is not set, and hides nothing of the profile', () => {
  assert.equal(workers({ SLUICE_WORKERS: '' }, 'SLUICE_WORKERS=2'), 2)
  assert.equal(workers({ SLUICE_WORKERS: ' ' }, 'KONG_NGINX_WORKER_PROCESSES=2'), 2)
  assert.equal(workers({ SLUICE_WORKERS: '' }, 'SLUICE_WORKERS=2\nKONG_WORKERS=3'), 2)
})

test('the flag outranks the environment, and the environment names a profile as it names all else', () => {
  assert.equal(profileAsked({}), '')
  assert.equal(profileAsked({ KONG_PROFILE: 'b' }), 'b')
  assert.equal(profileAsked({ SLUICE_PROFILE: ' a ', KONG_PROFILE: 'b' }), 'a')
  assert.equal(profileAsked({ SLUICE_PROFILE: 'a' }, 'c'), 'c')
  const given = withProfile({ SLUICE_PROFILE: 'a' }, parseProfile('', 'c.env'), 'c')
  assert.equal(readEnvironment(given, MACHINE).environment.profile, 'c')
})

test('a wrong value is placed in the file only where the file is what said it', () => {
  const profile = parseProfile('\nSLUICE_WORKERS=many', 'a.env')
  assert.equal(placeOf('SLUICE_WORKERS', {}, profile), 'a.env:2: SLUICE_WORKERS')
  assert.equal(placeOf('SLUICE_WORKERS', { SLUICE_WORKERS: 'few' }, profile), 'SLUICE_WORKERS')
  assert.equal(placeOf('SLUICE_WATCH', {}, profile), 'SLUICE_WATCH')
})

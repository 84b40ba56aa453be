/** What file-log takes, and how its lines come into a file. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { buildLog, complaints, openSink } from '../../../test/kit/sink-rig.ts'
import fileLog from './file-log.ts'
import { writeFile } from './write-file.ts'

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-file-log-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function urisOf(path: string): string[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).request.uri)
}

test('configurations are refused in the words of Kong', () => {
  assert.deepEqual(complaints(fileLog, {}), ['path: required field missing'])
  for (const path of ['/tmp/a*', '/tmp/a&b', '/tmp/%d', '/tmp/a\\b', '/tmp/`a`'])
    assert.deepEqual(complaints(fileLog, { path }), ['path: not a valid filename'], path)
  assert.deepEqual(complaints(fileLog, { path: '/tmp/a log.txt', reopen: true }), [])
  const lua = complaints(fileLog, { path: '/tmp/a', custom_fields_by_lua: { a: 'return 1' } })
  assert.match(lua.join(), /custom_fields/)
})

test('a path that cannot be written is refused by name, and looking makes no file', (t) => {
  const folder = makeFolder(t)
  const path = join(folder, 'a.log')
  assert.deepEqual(buildLog(fileLog, { path }), {
    name: 'write-file',
    settings: { path, reopen: false },
    lines: [],
  })
  assert.throws(() => statSync(path), { code: 'ENOENT' })
  const below = join(folder, 'no', 'a.log')
  assert.throws(() => buildLog(fileLog, { path: below }), {
    message: `failed to open the file ${below}: its folder does not exist`,
  })
  assert.throws(() => buildLog(fileLog, { path: folder }), {
    message: `failed to open the file ${folder}: it is a directory`,
  })
  for (const stream of ['/dev/stdout', '/dev/stderr']) buildLog(fileLog, { path: stream })
})

test('each record is a line, behind those that were there, in a file that all may read', async (t) => {
  const path = join(makeFolder(t), 'a.log')
  for (const count of [200, 50]) {
    const rig = openSink(t, fileLog, writeFile, { path })
    rig.write(count, { responseHeaders: { 'x-a': 'é\n\u2028' } })
    await rig.settled(count)
    await rig.sink.close(1000)
    assert.deepEqual([rig.delivered, rig.lost, rig.sink.waiting], [count, {}, 0])
  }
  assert.deepEqual(
    urisOf(path),
    [...Array(200).keys(), ...Array(50).keys()].map((i) => `/${i}`),
  )
  assert.equal(statSync(path).mode & 0o777, 0o644)
})

test('a file that was moved away is made again when it is asked for', async (t) => {
  const path = join(makeFolder(t), 'a.log')
  const rig = openSink(t, fileLog, writeFile, { path })
  rig.write(1)
  await rig.settled(1)
  renameSync(path, `${path}.1`)
  rig.write(1)
  await rig.settled(2)
  assert.deepEqual(urisOf(`${path}.1`), ['/0', '/0'])
  rig.sink.reopen?.()
  rig.write(1)
  await rig.settled(3)
  assert.deepEqual(urisOf(path), ['/0'])
})

test('a disk that is full costs what waits, which is counted, and it is said once', async (t) => {
  const rig = openSink(t, fileLog, writeFile, { path: '/dev/full' })
  rig.write(500)
  await rig.sink.close(50)
  assert.deepEqual([rig.delivered, rig.lost], [0, { 'not written': 500 }])
  assert.equal(rig.lines.length, 1)
})

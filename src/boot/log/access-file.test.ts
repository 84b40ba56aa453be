/** Access lines reach their file by themselves, whole and in order; what can't be written is counted, not waited for. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Counters, LOGS_DROPPED, makeCounterBuffer } from '../../state/counters.ts'
import { AccessFile } from './access-file.ts'

const WAITING_BYTES_MAX = 4 * 1024 * 1024

function makeRig(t: TestContext, place?: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-access-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = place ?? join(folder, 'access.log')
  const counters = new Counters(makeCounterBuffer(1), 1)
  const file = new AccessFile(path, counters, () => performance.now())
  return {
    file,
    put: (line: string): void => {
      file.openLine().putLatin1(line)
      file.closeLine()
    },
    idle: () => new Promise<void>((resolve) => file.whenIdle(resolve)),
    read: () => readFileSync(path, 'latin1'),
    dropped: () => counters.get(LOGS_DROPPED),
  }
}

test('a line, those that follow at once, and one after a pause, all come out by themselves', async (t) => {
  const rig = makeRig(t)
  let told = ''
  for (const line of ['one\n', 'two\n', 'three\n']) {
    rig.put(line)
    await new Promise((resolve) => setImmediate(resolve))
    told += line
  }
  while (rig.read() !== told) await sleep(1)
  await sleep(20)
  rig.put('four\n')
  while (rig.read() !== `${told}four\n`) await sleep(1)
})

test('whoever waits for idleness finds all lines in the file, those of this turn too', async (t) => {
  const rig = makeRig(t)
  await rig.idle()
  rig.put('one\n')
  await new Promise((resolve) => setImmediate(resolve))
  rig.put('two\n')
  const idle = rig.idle()
  rig.put('three\n')
  await idle
  assert.equal(rig.read(), 'one\ntwo\nthree\n')
})

test('all who wait for idleness are told, not only the last', async (t) => {
  const rig = makeRig(t)
  rig.put('one\n')
  const first = rig.idle()
  rig.put('two\n')
  await Promise.all([first, rig.idle()])
  assert.equal(rig.read(), 'one\ntwo\n')
})

test('many lines in many turns come out whole and in order', async (t) => {
  const rig = makeRig(t)
  let told = ''
  for (let i = 0; i < 30_000; i++) {
    const line = `${i} ${'x'.repeat(i % 97)}\n`
    rig.put(line)
    told += line
    if (i % 300 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await rig.idle()
  assert.equal(rig.read(), told)
  assert.equal(rig.dropped(), 0)
})

test('lines that came while a pipe was full follow by themselves when it is read', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-pipe-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  t.after(() => closeSync(reader))
  const rig = makeRig(t, path)
  const first = `${'x'.repeat(300_000)}\n`
  rig.put(first)
  await sleep(20)
  rig.put('second\n')
  // Longer than lines ever wait to leave together.
  await sleep(20)
  const bytes = Buffer.alloc(first.length + 7)
  for (let at = 0; at < bytes.length; ) {
    at += readSome(reader, bytes, at)
    await sleep(1)
  }
  assert.equal(bytes.toString('latin1'), `${first}second\n`)
})

/** None while the pipe is empty. */
function readSome(fd: number, bytes: Buffer, at: number): number {
  try {
    return readSync(fd, bytes, at, bytes.length - at, null)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EAGAIN') return 0
    throw cause
  }
}

test('a file that is slower than its lines makes them be dropped and counted, and later ones are written', async (t) => {
  const rig = makeRig(t)
  const line = `${'x'.repeat(1023)}\n`
  const count = (2 * WAITING_BYTES_MAX) / line.length
  // In one turn, in which no write can end.
  for (let i = 0; i < count; i++) rig.put(line)
  await rig.idle()
  assert.equal(rig.read(), line.repeat(WAITING_BYTES_MAX / line.length))
  assert.equal(rig.dropped(), count / 2)
  rig.put('after\n')
  await rig.idle()
  assert.ok(rig.read().endsWith('x\nafter\n'))
})

test('a line that was never finished is no line', async (t) => {
  const rig = makeRig(t)
  rig.put('one\n')
  rig.file.openLine().putLatin1('half of')
  rig.put('two\n')
  rig.file.openLine().putLatin1('half of')
  await rig.idle()
  rig.put('three\n')
  await rig.idle()
  assert.equal(rig.read(), 'one\ntwo\nthree\n')
})

test('a full disk loses the batch, counts it, and stops nothing', {
  skip: existsSync('/dev/full') ? false : 'no /dev/full here',
}, async (t) => {
  const rig = makeRig(t, '/dev/full')
  rig.put('one\n')
  await rig.idle()
  assert.equal(rig.dropped(), 1)
  rig.put('two\n')
  await rig.idle()
  assert.equal(rig.dropped(), 2)
})

/** Lines reach their file by themselves, whole and in order; what can't be written waits, and is counted when it can't wait. */
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
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { FileWriter, tryPlace, WAITING_BYTES_MAX } from './file-writer.ts'

const FULL = { skip: existsSync('/dev/full') ? false : 'no /dev/full here' }

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-lines-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

function makeRig(t: TestContext, place?: string, reopensAlways = false) {
  const path = place ?? join(makeFolder(t), 'access.log')
  const told = { lost: new Map<string, number>(), delivered: 0, said: [] as string[], nowMs: 0 }
  const file = new FileWriter({
    path,
    mode: 0o640,
    reopensAlways,
    tools: {
      now: () => told.nowMs,
      lost: (count, why) => void told.lost.set(why, (told.lost.get(why) ?? 0) + count),
      delivered: (count) => {
        told.delivered += count
      },
      log: (level, message) => void told.said.push(`${level} ${message}`),
    },
  })
  t.after(() => file.close(0))
  return {
    file,
    path,
    told,
    put: (line: string): void => {
      file.openLine().putLatin1(line)
      file.closeLine()
    },
    idle: () => new Promise<void>((resolve) => file.whenIdle(resolve)),
    read: () => readFileSync(path, 'latin1'),
  }
}

test('a line, those that follow at once, and one after a pause, all come out by themselves', async (t) => {
  const rig = makeRig(t)
  for (const line of ['one\n', 'two\n', 'three\n']) {
    rig.put(line)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const bytes = Buffer.from('..four\nfive\n..')
  rig.file.putLines(bytes, 2, 12, 2)
  const told = 'one\ntwo\nthree\nfour\nfive\n'
  while (rig.told.delivered < 5) await sleep(1)
  assert.equal(rig.read(), told)
  rig.put('six\n')
  while (rig.told.delivered < 6) await sleep(1)
  assert.equal(rig.read(), `${told}six\n`)
  assert.equal(rig.file.waiting, 0)
  assert.equal(statSync(rig.path).mode & 0o777, 0o640)
})

test('whoever waits for idleness finds all lines in the file, those that came meanwhile too', async (t) => {
  const rig = makeRig(t)
  await rig.idle()
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
  await rig.file.close(60_000)
  assert.equal(rig.read(), told)
  assert.equal(rig.told.lost.size, 0)
  assert.equal(rig.told.delivered, 30_000)
})

test('lines that came while a pipe was full follow by themselves when it is read', async (t) => {
  const path = join(makeFolder(t), 'pipe')
  execFileSync('mkfifo', [path])
  assert.throws(() => tryPlace(path, 0o640), /ENXIO/, 'a pipe that nobody reads is an error, and not a wait')
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  t.after(() => closeSync(reader))
  const rig = makeRig(t, path)
  const first = `${'x'.repeat(300_000)}\n`
  rig.put(first)
  await sleep(20)
  rig.put('second\n')
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

test('a file that is slower than its lines makes them be lost and counted, said once, and later ones are written', async (t) => {
  const rig = makeRig(t)
  const line = `${'x'.repeat(1023)}\n`
  const count = (2 * WAITING_BYTES_MAX) / line.length
  // In one turn, in which no write can end.
  for (let i = 0; i < count; i++) rig.put(line)
  await rig.idle()
  assert.equal(rig.read(), line.repeat(WAITING_BYTES_MAX / line.length))
  assert.deepEqual([...rig.told.lost], [['queue full', count / 2]])
  assert.equal(rig.told.said.length, 1)
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

test('a renamed file gets its lines until the name is opened anew, and no line is lost or torn', async (t) => {
  const rig = makeRig(t)
  let told = ''
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 500; i++) {
      const line = `${round} ${i} ${'y'.repeat(i % 50)}\n`
      rig.put(line)
      told += line
    }
    await sleep(1)
    if (round % 5 !== 2 || !existsSync(rig.path)) continue
    renameSync(rig.path, `${rig.path}.${round}`)
    rig.put('to the old\n')
    told += 'to the old\n'
    rig.file.reopen()
  }
  await rig.idle()
  const old = [2, 7, 12, 17].map((round) => `${rig.path}.${round}`).filter((path) => existsSync(path))
  assert.ok(old.length > 0)
  assert.equal([...old.map((path) => readFileSync(path, 'latin1')), rig.read()].join(''), told)
  assert.equal(rig.told.lost.size, 0)
})

test('a writer that is to reopen always finds a file that was removed between two batches again', async (t) => {
  const rig = makeRig(t, undefined, true)
  rig.put('one\n')
  await rig.idle()
  rmSync(rig.path)
  rig.put('two\n')
  await rig.idle()
  assert.equal(rig.read(), 'two\n')
})

test(
  'a full disk holds lines back, says so once a minute, and they are written when there is room',
  FULL,
  async (t) => {
    const path = join(makeFolder(t), 'log')
    symlinkSync('/dev/full', path)
    const rig = makeRig(t, path)
    rig.put('one\n')
    while (rig.told.said.length === 0) await sleep(1)
    rig.put('two\n')
    rig.file.reopen()
    await sleep(50)
    assert.deepEqual(rig.told.said, ['error a log file cannot be written'])
    assert.equal(rig.file.waiting, 2)
    rig.told.nowMs = 60_000
    rig.file.reopen()
    while (rig.told.said.length === 1) await sleep(1)
    rmSync(path)
    rig.file.reopen()
    await rig.idle()
    assert.equal(rig.read(), 'one\ntwo\n')
    assert.equal(rig.told.lost.size, 0)
    assert.equal(rig.told.said.at(-1), 'info a log file is written again')
  },
)

test('what a full disk has not taken when the writer is closed is lost, and counted', FULL, async (t) => {
  const rig = makeRig(t, '/dev/full')
  rig.put('one\n')
  rig.put('two\n')
  await rig.file.close(20)
  assert.deepEqual([...rig.told.lost], [['not written', 2]])
  assert.equal(rig.file.waiting, 0, 'they are not counted twice')
  rig.put('three\n')
  assert.deepEqual(
    [...rig.told.lost],
    [
      ['not written', 2],
      ['queue full', 1],
    ],
  )
})

test('a file whose folder is missing is tried again, and gets its lines when the folder is there', async (t) => {
  const folder = makeFolder(t)
  const rig = makeRig(t, join(folder, 'logs', 'access.log'))
  assert.throws(() => tryPlace(rig.path, 0o640), /ENOENT/)
  rig.put('one\n')
  while (rig.told.said.length === 0) await sleep(1)
  execFileSync('mkdir', [join(folder, 'logs')])
  await rig.idle()
  assert.equal(rig.read(), 'one\n')
})

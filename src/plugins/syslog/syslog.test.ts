/**
 * What syslog takes, which severity a record gets, and what becomes of lines when `logger` ends or is not there.
 *
 * A script stands in for the program, and for the real one writes to a socket of the test's own.
 *
 * NEEDS logger, socat
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { until } from '../../../test/kit/command.ts'
import { buildLog, complaints, openSink, type SinkRig } from '../../../test/kit/sink-rig.ts'
import { FACILITIES, priorityOf, SEVERITIES } from './severities.ts'
import { shipSyslog } from './ship-syslog.ts'
import syslog from './syslog.ts'

test('configurations are refused in the words of Kong', () => {
  assert.deepEqual(complaints(syslog, {}), [])
  assert.deepEqual(complaints(syslog, { log_level: 'error' }), [
    `log_level: expected one of: ${SEVERITIES.join(', ')}`,
  ])
  assert.match(complaints(syslog, { facility: 'USER' }).join(), /^facility: expected one of: auth, authpriv/)
  assert.match(complaints(syslog, { custom_fields_by_lua: { a: 'return 1' } }).join(), /custom_fields/)
})

test('without logger the configuration is refused, and the message says what to install', (t) => {
  setPath(t, '/nowhere')
  assert.throws(() => buildLog(syslog, {}), /syslog needs the program 'logger' of util-linux/)
})

test('a priority is the facility by eight and the severity; below the level there is none', () => {
  assert.deepEqual(
    FACILITIES.map((facility) => priorityOf(facility, 'emerg', 'debug') / 8),
    [4, 10, 9, 3, 11, 0, 6, 2, 7, 5, 1, 8, 16, 17, 18, 19, 20, 21, 22, 23],
  )
  assert.equal(priorityOf('user', 'info', 'info'), 14)
  assert.equal(priorityOf('local7', 'debug', 'debug'), 191)
  assert.equal(priorityOf('user', 'debug', 'info'), -1)
  assert.equal(priorityOf('user', 'err', 'crit'), -1)
})

test('the severity of a record is that of its status, and what is below log_level is not written', async (t) => {
  const fake = openFake(t, 'exec cat >> OUT')
  const rig = openSink(t, syslog, shipSyslog, {
    facility: 'local0',
    log_level: 'warning',
    successful_severity: 'info',
    client_errors_severity: 'warning',
    server_errors_severity: 'crit',
  })
  for (const status of [200, 301, 400, 404, 499, 500, 503]) rig.write(1, { status })
  await rig.settled(5)
  await until('all are written', () => fake.lines().length === 5)
  const told = fake.lines().map((line) => {
    const [, priority, text] = /^<(\d+)>(.*)$/.exec(line)!
    return [Number(priority), JSON.parse(text!).response.status]
  })
  assert.deepEqual(told, [
    [132, 400],
    [132, 404],
    [132, 499],
    [130, 500],
    [130, 503],
  ])
})

test('a program that ends is started again, and what it had not been given is not lost', async (t) => {
  // It closes its input first: what is written between its line and its end would be lost in the pipe.
  const fake = openFake(t, 'read -r line; exec 0<&-; echo "$line" >> OUT; exit 3')
  const rig = openSink(t, syslog, shipSyslog, {})
  for (let i = 0; i < 3; i++) {
    rig.write(1)
    await until('it is written', () => fake.lines().length === i + 1)
  }
  assert.deepEqual(rig.lost, {})
})

test('a program that cannot work is given nothing, and says why', async (t) => {
  const fake = openFake(t, 'echo "socket /dev/log: no such file" >&2; exit 1')
  const rig = openSink(t, syslog, shipSyslog, {})
  rig.write(20)
  await until('the log says so', () => rig.lines.length > 0)
  assert.match(rig.lines[0]!, /^warn syslog: .*socket \/dev\/log: no such file/)
  assert.deepEqual([rig.delivered, rig.sink.waiting], [0, 20])
  fake.become('exec cat >> OUT')
  await rig.settled(20)
  await until('all are written', () => fake.lines().length === 20)
  assert.deepEqual(rig.lost, {})
})

test('a record that would come in pieces is lost and counted', async (t) => {
  const fake = openFake(t, 'exec cat >> OUT')
  const rig = openSink(t, syslog, shipSyslog, {})
  rig.write(2, { uri: `/${'x'.repeat(70_000)}` })
  rig.write(1)
  await until('the other is written', () => fake.lines().length === 1)
  assert.deepEqual(rig.lost, { 'too large': 2 })
})

test('close lets the program read what it was given, and leaves none behind', async (t) => {
  const fake = openFake(t, 'exec cat >> OUT')
  const rig = openSink(t, syslog, shipSyslog, {})
  rig.write(500)
  await rig.sink.close(5000)
  assert.deepEqual([fake.lines().length, rig.delivered, rig.lost], [500, 500, {}])
})

test('the real logger sends each record as one message, whole, with its priority and the tag kong', async (t) => {
  const path = join(makeFolder(t), 'log')
  const received = openSocket(t, path)
  await until('the socket is there', () => existsSync(path))
  const real = whereIs('logger')
  openFake(t, `exec ${real} -u ${path} "$@"`)
  const rig: SinkRig = openSink(t, syslog, shipSyslog, { facility: 'daemon', server_errors_severity: 'err' })
  const long = `/${'y'.repeat(20_000)}`
  rig.write(1, { status: 500, uri: '/a"b' })
  rig.write(1, { status: 200, uri: long })
  await until('both are here', () => received().split('kong: ').length === 3)
  const [first, second] = received().split(/(?=<\d+>)/)
  assert.match(first!, /^<27>.* kong: \{/)
  assert.match(second!, /^<30>.* kong: \{/)
  const recordOf = (text: string) => JSON.parse(text.slice(text.indexOf('{')).replace(/\0+$/, ''))
  assert.deepEqual([recordOf(first!).request.uri, recordOf(second!).request.uri], ['/a"b', long])
})

interface Fake {
  lines(): string[]
  /** What it does when it is started next. */
  become(script: string): void
}

/** A `logger` that stands first in PATH. OUT: the file that `lines` reads. */
function openFake(t: TestContext, script: string): Fake {
  const folder = makeFolder(t)
  const out = join(folder, 'out')
  const program = join(folder, 'logger')
  const become = (text: string) => {
    writeFileSync(program, `#!/bin/sh\n${text.replaceAll('OUT', out)}\n`)
    chmodSync(program, 0o755)
  }
  become(script)
  setPath(t, `${folder}${delimiter}${process.env['PATH']}`)
  return {
    become,
    lines: () => (existsSync(out) ? readFileSync(out, 'utf8').split('\n').slice(0, -1) : []),
  }
}

function setPath(t: TestContext, path: string): void {
  const before = process.env['PATH']
  process.env['PATH'] = path
  t.after(() => {
    process.env['PATH'] = before
  })
}

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** What comes to a socket of datagrams. */
function openSocket(t: TestContext, path: string): () => string {
  const child = spawn('socat', ['-u', '-b', '131072', `UNIX-RECV:${path}`, '-'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  t.after(() => child.kill())
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more
  })
  return () => text
}

function whereIs(program: string): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? program
}

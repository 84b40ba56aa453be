/**
 * What syslog gets of the plugin, on both engines; a script stands in for `logger`, and hands on to the real one.
 *
 * NEEDS logger, socat
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { sluice, until } from '../kit/command.ts'
import { eachEngine } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-syslog-'))
const socketPath = join(folder, 'log')
const PATH = process.env['PATH'] ?? ''
let text = ''
let receiver: ChildProcess | null = null

before(async () => {
  const folders = PATH.split(delimiter)
  const real = folders.map((each) => join(each, 'logger')).find((path) => existsSync(path)) ?? 'logger'
  const script = join(folder, 'logger')
  writeFileSync(script, `#!/bin/sh\nexec ${real} -u ${socketPath} "$@"\n`)
  chmodSync(script, 0o755)
  await openReceiver()
})
after(() => {
  receiver?.kill()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  text = ''
})

async function openReceiver(): Promise<void> {
  const child = spawn('socat', ['-u', '-b', '131072', `UNIX-RECV:${socketPath}`, '-'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more
  })
  receiver = child
  await until('the socket is there', () => existsSync(socketPath))
}

function config(port: number): string {
  const severities = { client_errors_severity: 'warning', server_errors_severity: 'err', facility: 'local3' }
  const routes = [
    { name: 'good', paths: ['/good'] },
    {
      name: 'bad',
      paths: ['/bad'],
      plugins: [{ name: 'request-termination', config: { status_code: 503 } }],
    },
  ]
  return kongYml({
    plugins: [{ name: 'syslog', config: severities }],
    services: [{ name: 'target', host: '127.0.0.1', port, protocol: 'http', routes }],
  })
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
/** Priority and record of each message. */
const messages = () =>
  [...text.matchAll(/<(\d+)>[^{]* kong: (\{.*?\})\0*(?=<\d+>|\n|$)/gs)].map(
    ([, priority, record]) => [Number(priority), JSON.parse(record!).request.uri] as const,
  )

eachEngine('syslog', { config, env: { PATH: `${folder}${delimiter}${PATH}` } }, (check) => {
  check('each request is a message with the tag kong and a severity by its status', async (rig) => {
    await rig.ask(get('/good'))
    await rig.ask(get('/nowhere'))
    await rig.ask(get('/bad'))
    await until('all are here', () => text.split(' kong: ').length === 4)
    assert.deepEqual(messages(), [
      [158, '/good'],
      [156, '/nowhere'],
      [155, '/bad'],
    ])
  })

  check('when syslog is restarted, requests go on and what comes later is written', async (rig) => {
    receiver?.kill()
    await until('it is gone', () => receiver?.signalCode !== null || receiver?.exitCode !== null)
    rmSync(socketPath, { force: true })
    for (let i = 0; i < 5; i++) assert.equal((await rig.ask(get(`/good/${i}`))).status, 200)
    await openReceiver()
    let last = 0
    await until('a later one is written', async () => {
      assert.equal((await rig.ask(get(`/good/later-${last++}`))).status, 200)
      return text.includes('/good/later-')
    })
  })
})

test('without logger a configuration is refused, and the message says what to install', async () => {
  const path = join(folder, 'kong.yml')
  writeFileSync(path, kongYml({ plugins: [{ name: 'syslog' }] }))
  const ran = await sluice(['check', path], { PATH: folder.replace('syslog', 'nothing') })
  assert.notEqual(ran.code, 0)
  assert.match(ran.out + ran.err, /syslog needs the program 'logger' of util-linux/)
})

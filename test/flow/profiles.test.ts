/** Every profile starts, does what it is for, and gives way to the environment; the quickstart does what it prints. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openProfile, profileNames } from '../../src/boot/cli/profile.ts'
import { packageRoot, readFilesMax } from '../../src/boot/machine.ts'
import { answers } from '../kit/behaviours.ts'
import { sluice, until } from '../kit/command.ts'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { catchAll } from '../kit/kong-config.ts'
import { freePort } from '../kit/ports.ts'
import { ask, get } from '../kit/raw-client.ts'
import { TestTarget } from '../kit/test-target.ts'

interface Running {
  readonly gateway: Gateway
  readonly target: TestTarget
}

/** What shows from outside that a profile is in force. */
const shows: Readonly<Record<string, (running: Running) => Promise<void>>> = {
  throughput: async ({ gateway, target }) => {
    const answer = await ask({ port: gateway.port }, get('/'))
    assert.equal(answer.get('via'), undefined)
    assert.equal(answer.get('x-kong-request-id'), undefined)
    target.forget()
    const before = target.connections
    const released = target.arrived(4)
    target.behave = async (call) => {
      await released
      await answers()(call)
    }
    const asked = Array.from({ length: 8 }, () => ask({ port: gateway.port }, get('/')))
    assert.ok((await Promise.all(asked)).every(({ status }) => status === 200))
    assert.ok(target.connections - before <= 4, 'requests shared connections to the target')
  },

  latency: async ({ gateway }) => {
    // Its times and numbers are too large to be seen in a test; that they are read is seen in test/tidy.
    assert.equal((await ask({ port: gateway.port }, get('/'))).status, 200)
  },

  'small-box': async ({ gateway }) => {
    assert.equal(readyLine(gateway)['workers'], 1)
    const head = await ask({ port: gateway.port }, get('/', `X-Long: ${'x'.repeat(17_000)}`))
    assert.equal(head.status, 431)
    const body = await ask({ port: gateway.port }, get('/', `Content-Length: ${9 * 1024 ** 2}`))
    assert.equal(body.status, 413)
  },

  'many-connections': async ({ gateway }) => {
    assert.equal(readyLine(gateway)['workers'], 4)
    const head = await ask({ port: gateway.port }, get('/', `X-Long: ${'x'.repeat(9000)}`))
    assert.equal(head.status, 431)
  },

  'behind-a-load-balancer': async ({ gateway, target }) => {
    const fields = ['X-Forwarded-For: 203.0.113.9, 10.1.2.3', 'X-Forwarded-Proto: https']
    assert.equal((await ask({ port: gateway.port }, get('/', ...fields))).status, 200)
    assert.equal(target.last.get('x-real-ip'), '203.0.113.9')
    assert.equal(target.last.get('x-forwarded-proto'), 'https')
    assert.equal((await ask({ port: gateway.statusPort }, get('/status/ready'))).status, 200)
  },

  debug: async ({ gateway }) => {
    const answer = await ask({ port: gateway.port }, get('/seen', 'Kong-Debug: 1'))
    assert.equal(answer.get('kong-route-name'), 'all')
    assert.equal(answer.get('x-kong-upstream-status'), '200')
    await until('the access line', () =>
      gateway.log.some((line) => line.includes('"GET /seen HTTP/1.1" 200')),
    )
    writeFileSync(gateway.configFile, catchAll(1, {}, { name: 'another' }))
    await until('the saved file', async () => {
      const now = await ask({ port: gateway.port }, get('/', 'Kong-Debug: 1'))
      return now.get('kong-route-name') === 'another'
    })
  },
}

test('what is seen here is seen of every profile', () => {
  assert.deepEqual(profileNames(join(packageRoot(), 'profiles')), Object.keys(shows).sort())
})

for (const [name, show] of Object.entries(shows)) {
  test(`with --profile ${name} the gateway starts, answers, does what the profile is for, and ends in order`, async () => {
    const target = await new TestTarget(answers()).listen()
    const env = { ...unsetByKit(name), ...fittingFiles(name) }
    const gateway = await openGateway({ config: catchAll(target.port), words: ['--profile', name], env })
    try {
      await until('the ready line', () => gateway.log.some((line) => line.includes('"ready"')))
      assert.equal(readyLine(gateway)['profile'], name)
      assert.equal((await ask({ port: gateway.port }, get('/'))).status, 200)
      await show({ gateway, target })
    } finally {
      await gateway.stop()
      await target.close()
    }
    assert.equal(await gateway.exited(), 0)
  })
}

/** The kit's settings would count before the profile's: all but the addresses, which have to be free ones. */
function unsetByKit(name: string): Record<string, string> {
  const names = openProfile(name).rows.map((row) => row.name)
  return Object.fromEntries(names.filter((each) => !each.endsWith('_LISTEN')).map((each) => [each, '']))
}

/** What many connections need of open files is not to be had everywhere. */
function fittingFiles(name: string): Record<string, string> {
  const fits = name !== 'many-connections' || readFilesMax() > 400_256
  return fits ? {} : { SLUICE_CONNECTIONS_MAX: '200' }
}

function readyLine(gateway: Gateway): Record<string, unknown> {
  return JSON.parse(gateway.log.find((line) => line.includes('"msg":"ready"')) ?? '{}')
}

test('the environment names a profile as well, and what it sets itself counts before the profile', async () => {
  const target = await new TestTarget(answers()).listen()
  const env = { SLUICE_PROFILE: 'small-box', SLUICE_WORKERS: '', KONG_WORKERS: '2' }
  const more = { SLUICE_NGINX_HTTP_CLIENT_MAX_BODY_SIZE: '100' }
  const gateway = await openGateway({ config: catchAll(target.port), env: { ...env, ...more } })
  try {
    await until('the ready line', () => gateway.log.some((line) => line.includes('"ready"')))
    assert.deepEqual([readyLine(gateway)['profile'], readyLine(gateway)['workers']], ['small-box', 2])
    assert.equal((await ask({ port: gateway.port }, get('/', 'Content-Length: 101'))).status, 413)
    assert.equal((await ask({ port: gateway.port }, get('/', `X: ${'x'.repeat(17_000)}`))).status, 431)
  } finally {
    await gateway.stop()
    await target.close()
  }
})

test('an env file of your own is a profile: a path, or a name that ends in .env', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-profile-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'own.env')
  writeFileSync(file, '# ours\nSLUICE_HEADERS=x-kong-upstream-status\n')
  const target = await new TestTarget(answers()).listen()
  const gateway = await openGateway({ config: catchAll(target.port), words: ['--profile', file] })
  try {
    const answer = await ask({ port: gateway.port }, get('/'))
    assert.deepEqual([answer.get('x-kong-upstream-status'), answer.get('via')], ['200', undefined])
  } finally {
    await gateway.stop()
    await target.close()
  }
  const absent = await sluice(['start', '--profile', 'absent.env'])
  assert.equal(absent.code, 1)
  assert.match(absent.err, /the profile absent\.env can't be read: ENOENT/)
})

test('a profile that is not there is told with those that are, and one is all there can be', async () => {
  const absent = await sluice(['start', '--profile', 'latancy'])
  assert.equal(absent.code, 1)
  assert.match(absent.err, /no profile 'latancy' \(did you mean latency\?\)/)
  for (const name of Object.keys(shows)) assert.match(absent.err, new RegExp(`\\b${name}\\b`))
  const named = await sluice(['check'], { SLUICE_PROFILE: '../profiles' })
  assert.equal(named.code, 1)
  const two = await sluice(['start', '--profile', 'latency', '--profile', 'debug'])
  assert.equal(two.code, 2)
  assert.match(two.err, /may be given once/)
  assert.equal((await sluice(['start', '--profile', ''])).code, 2)
})

test('what is wrong in a profile is told with file and line, all of it at once', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-profile-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'bad.env')
  writeFileSync(file, 'SLUICE_WORKRS=1\nworkers: 2\n\nSLUICE_LOG_LEVEL=loud\nSLUICE_WATCH=maybe\n')
  const { code, err } = await sluice(['start', '--profile', file], { SLUICE_WATCH: 'perhaps' })
  assert.equal(code, 1)
  assert.ok(err.includes(`${file}:1: SLUICE_WORKRS: no such setting (did you mean SLUICE_WORKERS?)`), err)
  assert.ok(err.includes(`${file}:2: the line is not NAME=value`), err)
  assert.ok(err.includes(`${file}:4: SLUICE_LOG_LEVEL: 'loud' is not one of`), err)
  assert.match(err, /^SLUICE_WATCH: 'perhaps' is neither on nor off$/m)
})

test('many connections are refused at the start where there can not be as many open files', async (t) => {
  if (readFilesMax() > 400_256) return t.skip('there can be as many here')
  const env = { SLUICE_PREFIX: mkdtempSync(join(tmpdir(), 'sluice-profile-')), SLUICE_STATUS_LISTEN: 'off' }
  t.after(() => rmSync(env.SLUICE_PREFIX, { recursive: true, force: true }))
  const config = { SLUICE_DECLARATIVE_CONFIG_STRING: catchAll(1), SLUICE_PROXY_LISTEN: '127.0.0.1:0' }
  const { code, err } = await sluice(['start', '--profile', 'many-connections'], { ...env, ...config })
  assert.equal(code, 5)
  assert.match(err, /ask for 400256 open files/)
})

test('the quickstart prints requests that work, and ends at Ctrl-C', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-quick-'))
  const port = await freePort()
  const main = fileURLToPath(new URL('../../src/main.js', import.meta.url))
  const env = {
    PATH: process.env['PATH'],
    SLUICE_PREFIX: folder,
    SLUICE_PROXY_LISTEN: `127.0.0.1:${port}`,
    SLUICE_STATUS_LISTEN: 'off',
  }
  const child = spawn(process.execPath, [main, 'start', '--quickstart'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  try {
    await until('the greeting', () => out.includes('Ctrl-C'))
    const urls = [...out.matchAll(/curl -i (\S+)(.*)/g)]
    assert.equal(urls.length, 3)
    for (const [, url, rest] of urls) {
      const method = rest!.includes('-X POST') ? 'POST' : 'GET'
      const answer = await fetch(url!.replaceAll("'", ''), { method })
      assert.ok(answer.ok, `${method} ${url}: ${answer.status}`)
    }
  } finally {
    child.kill('SIGINT')
  }
  assert.equal(await exited, 0)
  rmSync(folder, { recursive: true, force: true })
})

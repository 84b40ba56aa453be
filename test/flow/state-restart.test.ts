/** Tokens over the life of gateways: restarts and kill -9 keep them, damage and a second gateway are refused. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'

const LIMIT = { timeout: 90_000 }
const FORM = new URLSearchParams({
  grant_type: 'password',
  client_id: 'shop',
  client_secret: 's3cret',
  provision_key: 'page',
  authenticated_userid: 'user-7',
}).toString()

let folder = ''
let gateway: Gateway | null = null

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-data-'))
})
afterEach(async () => {
  await gateway?.stop()
  gateway = null
  rmSync(folder, { recursive: true, force: true })
})

const config = kongYml({
  routes: [{ name: 'all', paths: ['/'] }],
  plugins: [
    {
      name: 'oauth2',
      config: {
        provision_key: 'page',
        enable_password_grant: true,
        global_credentials: true,
        accept_http_if_already_terminated: true,
      },
    },
    { name: 'request-termination', config: { status_code: 204 } },
  ],
  consumers: [
    {
      username: 'jo',
      oauth2_credentials: [
        {
          id: 'aaaaaaaa-0000-4000-8000-000000000001',
          name: 'shop',
          client_id: 'shop',
          client_secret: 's3cret',
          redirect_uris: ['https://app/cb'],
        },
      ],
    },
  ],
} as never)

function open(env: Record<string, string> = {}): Promise<Gateway> {
  const own = { SLUICE_DATA_DIR: folder, SLUICE_WORKERS: '2', SLUICE_TRUSTED_IPS: '127.0.0.0/8', ...env }
  return openGateway({ config, env: own })
}

async function newToken(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/oauth2/token`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Forwarded-Proto': 'https' },
    body: FORM,
  })
  const body = (await answer.json()) as { access_token?: string }
  assert.equal(answer.status, 200, JSON.stringify(body))
  return body.access_token ?? ''
}

async function statusWith(port: number, token: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/x`, { headers: { Authorization: `Bearer ${token}` } })
  return answer.status
}

test('tokens outlive a stop and kill -9, and their files are nobody else’s to read', LIMIT, async () => {
  gateway = await open()
  const tokens = [await newToken(gateway.port)]
  assert.equal(await gateway.stop(), 0)
  gateway = await open()
  tokens.push(await newToken(gateway.port))
  gateway.signal('SIGKILL')
  await gateway.exited()
  await gateway.stop()
  gateway = await open()
  for (const token of tokens) assert.equal(await statusWith(gateway.port, token), 204)
  assert.equal(await statusWith(gateway.port, 'nobodys'), 401)
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  for (const name of readdirSync(folder)) {
    assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name)
    for (const token of tokens) assert.ok(!readFileSync(join(folder, name)).includes(token), name)
  }
})

test('a file that is damaged stops the start, with its name and what to do', LIMIT, async () => {
  gateway = await open()
  await newToken(gateway.port)
  await newToken(gateway.port)
  await gateway.stop()
  const file = join(folder, readdirSync(folder).find((name) => name.endsWith('.log'))!)
  const bytes = readFileSync(file)
  bytes[bytes.indexOf('SLST', 20) + 20]! ^= 1
  writeFileSync(file, bytes)
  await assert.rejects(open(), (error: Error) => {
    assert.ok(error.message.includes(`${file} is damaged at byte`), error.message)
    return /put a backup of the folder in its place/.test(error.message)
  })
})

test('two gateways never share a folder', LIMIT, async () => {
  gateway = await open()
  const pid = gateway.pid
  await assert.rejects(open(), (error: Error) => {
    assert.match(error.message, new RegExp(`the gateway with pid ${pid} uses it`))
    return error.message.includes(folder)
  })
  await newToken(gateway.port)
})

test('a state that is full gives no more tokens, and those there are stay good', LIMIT, async () => {
  gateway = await open({ SLUICE_STATE_MAX: '8k' })
  const token = await newToken(gateway.port)
  await assert.rejects(async () => {
    for (let i = 0; i < 50; i++) await newToken(gateway!.port)
  }, /An unexpected error occurred/)
  assert.equal(await statusWith(gateway.port, token), 204)
  assert.ok(gateway.log.some((line) => /SLUICE_STATE_MAX allows 8192 bytes/.test(line)))
})

test('over TLS of its own no proxy has to be believed', LIMIT, async () => {
  const listen = '127.0.0.1:PORT ssl'
  const env = { SLUICE_DATA_DIR: folder, SLUICE_WORKERS: '2' }
  gateway = await openGateway({ config, listen, env })
  const { port } = gateway
  const status = await new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': FORM.length }
    const options = { port, host: '127.0.0.1', path: '/oauth2/token', method: 'POST', headers }
    const request = https.request({ ...options, rejectUnauthorized: false }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    request.on('error', reject)
    request.end(FORM)
  })
  assert.equal(status, 200)
})

/** The level of the operator log is read and changed while the gateway runs, in all of its threads. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sluice } from '../kit/command.ts'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { ask, get } from '../kit/raw-client.ts'

const LONG = { timeout: 60_000 }
const LINE_MS = 15_000
/** Its requests go nowhere, and the copies of them fail: of that mirror tells at the level debug. */
const CONFIG = kongYml({
  services: [
    {
      name: 'down',
      url: 'http://127.0.0.1:1',
      retries: 0,
      routes: [{ name: 'down', paths: ['/'] }],
      plugins: [{ name: 'mirror', config: { upstream_host: '127.0.0.1', upstream_port: 1 } }],
    },
  ],
})
const COPY_FAILED = /mirror: a copy came to nothing/

test(
  'log-level says the level, changes it for all threads, for a while or for good, and says when',
  LONG,
  async (t) => {
    const gateway = await openGateway({ config: CONFIG })
    t.after(() => gateway.stop())
    const env = { SLUICE_PREFIX: gateway.folder }
    assert.equal((await sluice(['log-level'], env)).out, 'notice\n')

    const changed = await sluice(['log-level', 'debug', '--timeout', '600'], env)
    assert.match(changed.out, /^debug, notice again in (600|59\d) s\n$/, changed.err)
    await logged(gateway, /the log level was changed/)
    await ask({ port: gateway.port }, get('/'))
    await logged(gateway, COPY_FAILED)

    const wrong = await sluice(['log-level', 'loud'], env)
    assert.equal(wrong.code, 2)
    assert.match(wrong.err, /level: debug, info, notice/)
    assert.equal((await sluice(['log-level', 'error'], env)).out, 'error\n')
    await ask({ port: gateway.port }, get('/'))
    const back = await sluice(['log-level', 'notice'], env)
    assert.equal(back.out, 'notice\n')
    assert.equal(gateway.log.filter((line) => COPY_FAILED.test(line)).length, 1)
  },
)

test('a peer that speaks for others may neither read nor change it', LONG, async (t) => {
  const gateway = await openGateway({ config: CONFIG })
  t.after(() => gateway.stop())
  const door = { port: gateway.statusPort }
  const put = (...lines: string[]) =>
    ask(door, get('/status/log-level?level=debug', ...lines).replace('GET', 'PUT'))
  assert.equal((await put('X-Forwarded-For: 192.0.2.1')).status, 403)
  assert.equal((await put('Origin: http://evil.test')).status, 403)
  const seen = await ask(door, get('/status/log-level'))
  assert.deepEqual(JSON.parse(seen.text), { level: 'notice', configured: 'notice', seconds: 0 })
})

test('without a gateway, or without its status listener, log-level says so', LONG, async (t) => {
  const gateway = await openGateway({ config: CONFIG, env: { SLUICE_STATUS_LISTEN: 'off' } })
  t.after(() => gateway.stop())
  const off = await sluice(['log-level'], { SLUICE_PREFIX: gateway.folder })
  assert.equal(off.code, 6)
  assert.match(off.err, /status listener/)
})

async function logged(gateway: Gateway, what: RegExp): Promise<void> {
  const until = performance.now() + LINE_MS
  while (!gateway.log.some((line) => what.test(line))) {
    assert.ok(performance.now() < until, `never logged: ${what}\n${gateway.log.slice(-10).join('\n')}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A change of configuration under traffic, and the end: nothing is dropped, nothing is half done. */
import assert from 'node:assert/strict'
import { renameSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { answers } from '../kit/behaviours.ts'
import { until } from '../kit/command.ts'
import { type Gateway, type GatewayOptions, openGateway } from '../kit/gateway.ts'
import { catchAll, kongYml } from '../kit/kong-config.ts'
import { ask, connect, get } from '../kit/raw-client.ts'
import { openTarget } from '../kit/test-target.ts'

function saying(message: string): string {
  return kongYml({
    routes: [{ name: 'only', paths: ['/'] }],
    plugins: [{ name: 'request-termination', config: { status_code: 200, message } }],
  })
}

async function withGateway(
  options: GatewayOptions,
  body: (gateway: Gateway) => Promise<void>,
): Promise<void> {
  const gateway = await openGateway(options)
  try {
    await body(gateway)
  } finally {
    await gateway.stop()
  }
}

async function said(gateway: Gateway): Promise<string> {
  return JSON.parse((await ask({ port: gateway.port }, get('/'))).text).message
}

async function status(gateway: Gateway, path: string): Promise<{ status: number; body: string }> {
  const answer = await fetch(`http://127.0.0.1:${gateway.statusPort}${path}`)
  return { status: answer.status, body: await answer.text() }
}

function hasLogged(gateway: Gateway, text: string): boolean {
  return gateway.log.some((line) => line.includes(text))
}

test('SIGHUP puts a new configuration to work in every worker, and connections live on', async () => {
  await withGateway({ config: saying('one'), env: { SLUICE_WORKERS: '2' } }, async (gateway) => {
    const client = await connect({ port: gateway.port })
    await client.send(get('/'))
    assert.match((await client.answer()).text, /one/)
    writeFileSync(gateway.configFile, saying('two'))
    gateway.signal('SIGHUP')
    await until('the reload', () => hasLogged(gateway, 'the configuration was reloaded'))
    for (let i = 0; i < 20; i++) assert.equal(await said(gateway), 'two')
    await client.send(get('/'))
    assert.match((await client.answer()).text, /two/)
    client.destroy()
    const { sluice } = JSON.parse((await status(gateway, '/status')).body)
    assert.deepEqual(sluice.reloads, { taken: 1, refused: 0 })
    assert.deepEqual([...new Set(sluice.workers.map((worker: { epoch: number }) => worker.epoch))], [2])
  })
})

test('a refused configuration changes nothing, and the log tells every problem', async () => {
  await withGateway({ config: saying('one') }, async (gateway) => {
    writeFileSync(
      gateway.configFile,
      '_format_version: "3.0"\nservices:\n  - naem: a\nroutes:\n  - pahts: [/]\n',
    )
    gateway.signal('SIGHUP')
    await until('the refusal', () => hasLogged(gateway, 'the old one stays'))
    assert.ok(hasLogged(gateway, 'naem'))
    assert.ok(hasLogged(gateway, 'pahts'))
    assert.equal(await said(gateway), 'one')
    assert.match((await status(gateway, '/metrics')).body, /^sluice_reloads_refused_total 1$/m)
    writeFileSync(gateway.configFile, saying('three'))
    gateway.signal('SIGHUP')
    await until('the repair', async () => (await said(gateway)) === 'three')
  })
})

test('with SLUICE_WATCH=on a file that an editor renames into place is taken', async () => {
  await withGateway({ config: saying('one'), env: { SLUICE_WATCH: 'on' } }, async (gateway) => {
    for (const word of ['two', 'three']) {
      writeFileSync(`${gateway.configFile}.new`, saying(word))
      renameSync(`${gateway.configFile}.new`, gateway.configFile)
      await until(word, async () => (await said(gateway)) === word)
    }
  })
})

for (const signal of ['SIGTERM', 'SIGQUIT'] as const) {
  test(`${signal} lets the exchange under way finish, takes no new connection, and exits with 0`, async () => {
    let release: () => void = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const target = await openTarget(async (call) => {
      await call.body()
      await released
      await answers('late')(call)
    })
    const gateway = await openGateway({ config: catchAll(target.port) })
    const client = await connect({ port: gateway.port })
    await client.send(get('/'))
    await until('the request at the target', () => target.calls.length === 1)
    gateway.signal(signal)
    await until('the port to be closed', () =>
      connect({ port: gateway.port }).then(
        (other) => {
          other.destroy()
          return false
        },
        () => true,
      ),
    )
    assert.ok(gateway.alive)
    release()
    assert.equal((await client.answer()).text, 'late')
    assert.equal(await gateway.exited(), 0)
    await gateway.stop()
    await target.close()
  })
}

test('exchanges that outlast SLUICE_DRAIN_MS are cut, and a second SIGINT waits for none', async () => {
  const target = await openTarget(() => new Promise(() => {}))
  const open = async (drainMs: string) => {
    const gateway = await openGateway({ config: catchAll(target.port), env: { SLUICE_DRAIN_MS: drainMs } })
    const before = target.calls.length
    const client = await connect({ port: gateway.port })
    await client.send(get('/'))
    await until('the request at the target', () => target.calls.length > before)
    return gateway
  }
  const patient = await open('200')
  patient.signal('SIGTERM')
  assert.equal(await patient.exited(), 0)
  const hasty = await open('60000')
  hasty.signal('SIGINT')
  await until('the drain', () => hasLogged(hasty, 'stopping'))
  hasty.signal('SIGINT')
  assert.equal(await hasty.exited(), 130)
  await patient.stop()
  await hasty.stop()
  await target.close()
})

test('readiness says when there is nothing to serve, and when the operator wants no traffic', async () => {
  await withGateway({ config: '', env: { SLUICE_DECLARATIVE_CONFIG: '' } }, async (gateway) => {
    const ready = await status(gateway, '/status/ready')
    assert.equal(ready.status, 503)
    assert.match(ready.body, /no configuration available \(empty configuration present\)/)
  })
  await withGateway({ config: saying('one') }, async (gateway) => {
    assert.deepEqual(await status(gateway, '/status/ready'), { status: 200, body: '{"message":"ready"}' })
    const url = `http://127.0.0.1:${gateway.statusPort}/status/ready`
    const drained = await fetch(url, { method: 'POST', body: new URLSearchParams({ status: 'draining' }) })
    assert.equal(drained.status, 204)
    assert.equal((await status(gateway, '/status/ready')).body, '{"message":"draining"}')
    assert.equal(await said(gateway), 'one')
    assert.equal((await status(gateway, '/nothing')).status, 404)
    assert.equal((await fetch(url, { method: 'DELETE' })).status, 405)
  })
})

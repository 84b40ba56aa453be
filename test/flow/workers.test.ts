/** A worker that dies: the others go on, the port stays, and its replacement runs what is current. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { until } from '../kit/command.ts'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { ask, connect, get, type RawClient } from '../kit/raw-client.ts'

const plugins = mkdtempSync(join(tmpdir(), 'sluice-plugins-'))
after(() => rmSync(plugins, { recursive: true, force: true }))

/** A custom plugin with a defect: it throws outside any call of the gateway's, where nobody can catch it. */
mkdirSync(join(plugins, 'crash'))
writeFileSync(
  join(plugins, 'crash', 'crash.mjs'),
  `export default {
    name: 'crash',
    summary: 'Ends the worker.',
    priority: 3,
    schema: { type: 'record', fields: {} },
    build: () => ({
      onRequest() {
        setTimeout(() => { throw new Error('the fixture has thrown') }, 0)
        return 0
      },
    }),
  }`,
)

function config(message: string): string {
  const stop = { name: 'request-termination', config: { status_code: 200, message } }
  return kongYml({
    routes: [
      { name: 'fine', paths: ['/fine'], plugins: [stop] },
      { name: 'crash', paths: ['/crash'], plugins: [stop, { name: 'crash' }] },
    ],
  })
}

function open(workers: string): Promise<Gateway> {
  return openGateway({ config: config('one'), env: { SLUICE_WORKERS: workers, SLUICE_PLUGINS_DIR: plugins } })
}

interface WorkerView {
  readonly state: string
  readonly epoch: number
  readonly restarts: number
  readonly connections: number
}

async function workersOf(gateway: Gateway): Promise<WorkerView[]> {
  const answer = await fetch(`http://127.0.0.1:${gateway.statusPort}/status`)
  const body = (await answer.json()) as { sluice: { workers: WorkerView[] } }
  return body.sluice.workers
}

async function restartsOf(gateway: Gateway): Promise<number> {
  const all = await workersOf(gateway)
  return all.every((worker) => worker.state === 'ready')
    ? all.reduce((sum, worker) => sum + worker.restarts, 0)
    : -1
}

/** Connections that have been used, at least one in every worker. */
async function settle(gateway: Gateway): Promise<RawClient[]> {
  const clients: RawClient[] = []
  await until('a connection in every worker', async () => {
    const client = await connect({ port: gateway.port })
    clients.push(client)
    assert.equal(await isServed(client), true)
    return (await workersOf(gateway)).every((worker) => worker.connections > 0)
  })
  return clients
}

function isServed(client: RawClient): Promise<boolean> {
  const served = async () => {
    await client.send(get('/fine'))
    return (await client.answer()).status === 200
  }
  return served().catch(() => false)
}

test('one worker dies: the connections of the other live on, and two carry traffic again', async () => {
  const gateway = await open('2')
  try {
    const clients = await settle(gateway)
    await ask({ port: gateway.port }, get('/crash'))
    await until('the replacement', async () => (await restartsOf(gateway)) === 1)
    const served = await Promise.all(clients.map(isServed))
    for (const client of clients) client.destroy()
    assert.ok(served.includes(true), 'the other worker kept its connections')
    assert.ok(served.includes(false), 'those of the dead one are closed')
    assert.ok(gateway.alive)
    assert.ok(gateway.log.some((line) => line.includes('the fixture has thrown')))
    for (let i = 0; i < 20; i++) assert.equal((await ask({ port: gateway.port }, get('/fine'))).status, 200)
  } finally {
    assert.equal(await gateway.stop(), 0)
  }
})

test('the only worker dies: connections made meanwhile wait for its replacement', async () => {
  const gateway = await open('1')
  try {
    for (let round = 1; round <= 3; round++) {
      await ask({ port: gateway.port }, get('/crash'))
      await until(
        'the death',
        () => gateway.log.filter((line) => line.includes('is replaced')).length >= round,
      )
      assert.equal((await ask({ port: gateway.port }, get('/fine'))).status, 200)
    }
    const counted = await fetch(`http://127.0.0.1:${gateway.statusPort}/metrics`)
    assert.match(await counted.text(), /^sluice_worker_restarts_total 3$/m)
  } finally {
    assert.equal(await gateway.stop(), 0)
  }
})

test('a replacement runs the configuration that is current, not the one its predecessor started with', async () => {
  const gateway = await open('1')
  try {
    writeFileSync(gateway.configFile, config('two'))
    gateway.signal('SIGHUP')
    await until('the reload', () => gateway.log.some((line) => line.includes('was reloaded')))
    await ask({ port: gateway.port }, get('/crash'))
    await until('the replacement', async () => (await restartsOf(gateway)) === 1)
    assert.match((await ask({ port: gateway.port }, get('/fine'))).text, /two/)
    const [worker] = await workersOf(gateway)
    assert.deepEqual([worker?.state, worker?.epoch, worker?.restarts], ['ready', 2, 1])
  } finally {
    assert.equal(await gateway.stop(), 0)
  }
})

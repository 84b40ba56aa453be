/** Figures by route, as /status/routes tells them: over reloads, dead workers and a table that is full. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { sluice, until } from '../kit/command.ts'
import { eachEngine } from '../kit/each-engine.ts'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { ask, get } from '../kit/raw-client.ts'

interface Route {
  readonly id: string | null
  readonly name: string
  readonly since_start: {
    readonly requests: number
    readonly responses: Readonly<Record<string, number>>
    readonly faults: { readonly target: number }
    readonly latency: Readonly<Record<'total' | 'upstream' | 'gateway', { p50: number | null }>>
  }
}

async function routesOf(gateway: Gateway): Promise<Map<string, Route['since_start']>> {
  const answer = await fetch(`http://127.0.0.1:${gateway.statusPort}/status/routes`)
  const { routes } = (await answer.json()) as { routes: Route[] }
  return new Map(routes.map((route) => [route.name, route.since_start]))
}

/** Once all of them are counted: the client has its answer a moment earlier. */
async function counted(gateway: Gateway, name: string, requests: number): Promise<Route['since_start']> {
  await until(`${requests} requests of ${name}`, async () => {
    return ((await routesOf(gateway)).get(name)?.requests ?? 0) >= requests
  })
  return (await routesOf(gateway)).get(name)!
}

const toTarget = (port: number): string =>
  kongYml({
    services: [
      { name: 'up', url: `http://127.0.0.1:${port}`, routes: [{ name: 'well', paths: ['/well'] }] },
      { name: 'down', url: 'http://127.0.0.1:1', retries: 0, routes: [{ name: 'ill', paths: ['/ill'] }] },
    ],
  })

eachEngine('figures by route', { config: toTarget }, (check) => {
  check('what a target answered has its time, what it did not is its fault', async (rig) => {
    for (let i = 0; i < 5; i++) assert.equal((await rig.ask(get('/well'))).status, 200)
    assert.equal((await rig.ask(get('/ill'))).status, 502)
    const well = await counted(rig.gateway, 'well', 5)
    assert.equal(well.responses['2xx'], 5)
    assert.ok(well.latency.upstream.p50! > 0, JSON.stringify(well.latency))
    assert.ok(well.latency.total.p50! >= well.latency.upstream.p50!)
    const ill = await counted(rig.gateway, 'ill', 1)
    assert.deepEqual([ill.responses['5xx'], ill.faults.target], [1, 1])
  })
})

const plugins = mkdtempSync(join(tmpdir(), 'sluice-plugins-'))
after(() => rmSync(plugins, { recursive: true, force: true }))
mkdirSync(join(plugins, 'crash'))
writeFileSync(
  join(plugins, 'crash', 'crash.mjs'),
  `export default {
    name: 'crash',
    summary: 'Ends the worker at once.',
    priority: 3,
    schema: { type: 'record', fields: {} },
    build: () => ({ onRequest: () => process.exit(1) }),
  }`,
)

function config(names: readonly string[]): string {
  const stop = { name: 'request-termination', config: { status_code: 200 } }
  return kongYml({
    routes: [
      ...names.map((name) => ({ name, paths: [`/${name}`], plugins: [stop] })),
      { name: 'crash', paths: ['/crash'], plugins: [{ name: 'crash' }] },
    ],
  })
}

async function serves(gateway: Gateway, path: string): Promise<boolean> {
  const answer = await ask({ port: gateway.port }, get(path)).catch(() => null)
  return answer?.status === 200
}

test('counts go on over a reload and over the death of the worker', async () => {
  const gateway = await openGateway({ config: config(['a', 'b']), env: { SLUICE_PLUGINS_DIR: plugins } })
  try {
    for (let i = 0; i < 3; i++) assert.ok(await serves(gateway, '/a'))
    writeFileSync(gateway.configFile, config(['a', 'c']))
    assert.equal((await sluice(['reload'], { SLUICE_PREFIX: gateway.folder })).code, 0)
    assert.ok(await serves(gateway, '/a'))
    await counted(gateway, 'a', 4)
    await ask({ port: gateway.port }, get('/crash')).catch(() => null)
    await until('its replacement serves', () => serves(gateway, '/c'))
    assert.ok(await serves(gateway, '/a'))
    assert.equal((await counted(gateway, 'a', 5)).requests, 5)
  } finally {
    await gateway.stop()
  }
})

test('with no row left new routes count as "other", and the status says so', async () => {
  const env = { SLUICE_SHARED_ROUTES: '1' }
  const stop = { name: 'request-termination', config: { status_code: 200 } }
  const routes = ['a', 'b', 'c'].map((name) => ({ name, paths: [`/${name}`], plugins: [stop] }))
  const gateway = await openGateway({ config: kongYml({ routes }), env })
  try {
    for (const path of ['/a', '/b', '/c', '/a', '/nowhere']) await ask({ port: gateway.port }, get(path))
    assert.equal((await counted(gateway, 'a', 2)).requests, 2)
    assert.equal((await counted(gateway, 'other', 3)).requests, 3)
    const answer = await fetch(`http://127.0.0.1:${gateway.statusPort}/status`)
    const body = (await answer.json()) as { sluice: { routes_full: boolean; routes_seen: number } }
    assert.deepEqual([body.sluice.routes_full, body.sluice.routes_seen], [true, 1])
  } finally {
    await gateway.stop()
  }
})

/**
 * What happens to limits and to requests when something dies under load: a worker, Redis, a target.
 *
 * NEEDS redis-server
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { answers, neverAnswers, pause, resetsUnanswered } from '../kit/behaviours.ts'
import { until } from '../kit/command.ts'
import { openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { byStatus, mostWithin, offer, type Sample } from '../kit/load.ts'
import { openRedis } from '../kit/redis-server.ts'
import { openTarget } from '../kit/test-target.ts'

const plugins = mkdtempSync(join(tmpdir(), 'sluice-plugins-'))
after(() => rmSync(plugins, { recursive: true, force: true }))

/** Ends the worker that serves the request, a moment after the answer. */
mkdirSync(join(plugins, 'crash'))
writeFileSync(
  join(plugins, 'crash', 'crash.mjs'),
  `export default {
    name: 'crash', summary: 'Ends the worker.', priority: 3, schema: { type: 'record', fields: {} },
    build: () => ({
      onRequest() {
        setTimeout(() => { throw new Error('the fixture has thrown') }, 0)
        return 0
      },
    }),
  }`,
)

/** What a client sees between the gateway's decision and its own clock. */
const JITTER_MS = 60
const stop = { name: 'request-termination', config: { status_code: 200, message: 'served' } }

function limited(config: Readonly<Record<string, unknown>>): string {
  return kongYml({
    routes: [
      { name: 'limited', paths: ['/limited'], plugins: [stop, { name: 'rate-limiting', config }] },
      { name: 'crash', paths: ['/crash'], plugins: [stop, { name: 'crash' }] },
    ],
  })
}

async function haveAllWorkers(statusPort: number): Promise<boolean> {
  const status = await (await fetch(`http://127.0.0.1:${statusPort}/status`)).json()
  const { workers } = (status as { sluice: { workers: { state: string }[] } }).sluice
  return workers.every(({ state }) => state === 'ready')
}

function assertRefusalsSayWhen(samples: readonly Sample[]): void {
  const silent = samples.filter(
    ({ status, headers }) => status === 429 && headers['retry-after'] === undefined,
  )
  assert.equal(silent.length, 0, 'every refusal has Retry-After')
}

test('a limit holds in every window while workers die under load, and no request is lost', async () => {
  const config = limited({ second: 100, limit_by: 'ip', algorithm: 'sliding-window' })
  const env = { SLUICE_WORKERS: '2', SLUICE_PLUGINS_DIR: plugins }
  const gateway = await openGateway({ config, env })
  const base = `http://127.0.0.1:${gateway.port}`
  const load = offer({ url: `${base}/limited`, perSecond: 400, forMs: 8000 })
  for (let deaths = 0; deaths < 3; deaths++) {
    await pause(500)
    // One after the other: where each worker has a socket of its own, nobody accepts while both are away.
    await until('both workers are there', () => haveAllWorkers(gateway.statusPort))
    await (await fetch(`${base}/crash`)).text()
  }
  const samples = await load
  await gateway.stop()
  const counts = byStatus(samples)
  assert.deepEqual(Object.keys(counts).sort(), ['200', '429'], JSON.stringify(counts))
  assert.ok(
    mostWithin(samples, 1000 - JITTER_MS) <= 100,
    `${mostWithin(samples, 1000 - JITTER_MS)} in a second`,
  )
  assertRefusalsSayWhen(samples)
})

test('Redis is killed and comes back under load: no request fails, and the limit holds on this machine', async () => {
  const redis = await openRedis()
  const block = { host: '127.0.0.1', port: redis.port, timeout: 500 }
  const gateway = await openGateway({
    config: limited({ hour: 300, limit_by: 'ip', policy: 'redis', redis: block }),
    env: { SLUICE_WORKERS: '2', SLUICE_PLUGINS_DIR: plugins },
  })
  const load = offer({ url: `http://127.0.0.1:${gateway.port}/limited`, perSecond: 100, forMs: 6000 })
  await pause(1500)
  await redis.kill()
  await pause(1500)
  await redis.start()
  const samples = await load
  await gateway.stop()
  await redis.close()
  const counts = byStatus(samples)
  assert.deepEqual(Object.keys(counts).sort(), ['200', '429'], JSON.stringify(counts))
  assert.ok((counts['200'] ?? 0) <= 300, `${counts['200']} of 300 were let through`)
  assert.ok((counts['200'] ?? 0) >= 290, `${counts['200']} of 300 were let through`)
  assertRefusalsSayWhen(samples)
})

test('targets that hang, fail and reset under load cost no request that another could serve', async () => {
  const good = await openTarget(answers('good'))
  const failing = await openTarget(answers('bad', [], '500 Internal Server Error'))
  const hanging = await openTarget(neverAnswers)
  const resetting = await openTarget(resetsUnanswered)
  const targets = [good, failing, hanging, resetting].map(({ port }) => ({ target: `127.0.0.1:${port}` }))
  const retry_policy = {
    retry_on: ['5xx'],
    per_try_timeout: 250,
    back_off: { base_interval: 5, max_interval: 20 },
  }
  const outlier_detection = {
    consecutive_5xx: 3,
    interval: 0.5,
    base_ejection_time: 2,
    max_ejection_percent: 75,
  }
  const gateway = await openGateway({
    config: kongYml({
      upstreams: [{ name: 'pool', targets, outlier_detection: { ...outlier_detection, panic_threshold: 0 } }],
      services: [{ name: 'pool', host: 'pool', retries: 5, retry_policy, routes: [{ paths: ['/'] }] }],
    }),
    env: { SLUICE_WORKERS: '2' },
  })
  const samples = await offer({ url: `http://127.0.0.1:${gateway.port}/`, perSecond: 150, forMs: 5000 })
  await gateway.stop()
  for (const target of [good, failing, hanging, resetting]) await target.close()
  assert.deepEqual(byStatus(samples), { '200': samples.length })
})

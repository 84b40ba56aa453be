/**
 * A real Prometheus reads the gateway under traffic, and its own linter finds nothing wrong but Kong's names.
 *
 * NEEDS promtool, prometheus
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { answers } from '../kit/behaviours.ts'
import { until } from '../kit/command.ts'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { catchAll, kongYml } from '../kit/kong-config.ts'
import { scrape } from '../kit/metrics.ts'
import { freePort } from '../kit/ports.ts'
import { openTarget, type TestTarget } from '../kit/test-target.ts'

const FLAGS = { status_code_metrics: true, latency_metrics: true, bandwidth_metrics: true }

let target: TestTarget
let gateway: Gateway

before(async () => {
  target = await openTarget(answers())
  const { services } = JSON.parse(catchAll(target.port)) as { services: Record<string, unknown>[] }
  const upstreams = [
    {
      name: 'pool',
      targets: [{ target: `127.0.0.1:${target.port}` }],
      circuit_breaker: {},
      outlier_detection: {},
    },
  ]
  const plugins = [{ name: 'prometheus', config: FLAGS }]
  gateway = await openGateway({
    config: kongYml({ services, upstreams, plugins }),
    env: { SLUICE_WORKERS: '2' },
  })
})

after(async () => {
  await gateway?.stop()
  await target?.close()
})

async function ask(times: number): Promise<void> {
  for (let i = 0; i < times; i++) await (await fetch(`http://127.0.0.1:${gateway.port}/a?${i}`)).text()
}

/** Names of Kong's break rules of promtool's, and are what dashboards ask for. */
const KNOWN = /^kong_\w+ /

test('promtool finds nothing to say about our own metrics', async () => {
  await ask(5)
  const child = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  child.stdin.end(await scrape(gateway))
  const [code] = (await once(child, 'close')) as [number]
  const lines = said.split('\n').filter((line) => line !== '' && !KNOWN.test(line))
  assert.deepEqual(lines, [])
  assert.ok(code === 0 || code === 3, `promtool ended with ${code}: it could not read them`)
})

interface Found {
  readonly data: { readonly result: readonly { readonly metric: object; readonly value: [number, string] }[] }
}

class Prometheus {
  readonly #child: ChildProcess
  readonly #port: number

  constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.#port = port
  }

  static async open(folder: string, statusPort: number): Promise<Prometheus> {
    const port = await freePort()
    const job = { job_name: 'sluice', static_configs: [{ targets: [`127.0.0.1:${statusPort}`] }] }
    const global = { scrape_interval: '500ms', scrape_timeout: '500ms' }
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify({ global, scrape_configs: [job] }))
    const words = [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ]
    return new Prometheus(spawn('prometheus', words, { stdio: 'ignore' }), port)
  }

  /** The value of the first series the query finds; null while there is none, or nobody answers. */
  async query(query: string): Promise<number | null> {
    const url = `http://127.0.0.1:${this.#port}/api/v1/query?query=${encodeURIComponent(query)}`
    const answer = await fetch(url).catch(() => null)
    if (answer === null || answer.status !== 200) return null
    const found = (await answer.json()) as Found
    const first = found.data.result[0]
    return first === undefined ? null : Number(first.value[1])
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }
}

test('Prometheus reads the gateway under traffic, and computes rates and percentiles of it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-prometheus-'))
  const prometheus = await Prometheus.open(folder, gateway.statusPort)
  try {
    await until('it is read', async () => {
      await ask(5)
      return (await prometheus.query('up{job="sluice"}')) === 1
    })
    await until('there is a rate', async () => {
      await ask(10)
      return ((await prometheus.query('sum(rate(kong_http_requests_total{code="200"}[30s]))')) ?? 0) > 0
    })
    await until('there is a percentile', async () => {
      const query =
        'histogram_quantile(0.95, sum(rate(kong_request_latency_ms_bucket{route="all"}[30s])) by (le))'
      await ask(10)
      return ((await prometheus.query(query)) ?? 0) > 0
    })
    assert.equal(await prometheus.query('count(sluice_workers_ready)'), 1)
  } finally {
    await prometheus.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})

/**
 * The dashboard and the alerts of deploy/ ask for metrics and labels that the gateway has, in words Prometheus takes.
 *
 * NEEDS promtool
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { packageRoot } from '../../src/boot/machine.ts'
import { until } from '../kit/command.ts'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { scrape } from '../kit/metrics.ts'
import { freePort } from '../kit/ports.ts'

const DEPLOY = join(packageRoot(), 'deploy')
const METRIC = /\b(?:sluice|kong|process)_\w+/g
/** A metric with what stands in its braces. */
const SELECTOR = /\b((?:sluice|kong|process)_\w+)(?:\{([^}]*)\})?/g
/** The variable of the dashboard. */
const CHOSEN = /^\$\{datasource\}$/
/** Of the server that scrapes; `le` and `why` come with a histogram's buckets and with the first loss. */
const FOREIGN = new Set(['instance', 'job', 'why'])

interface Target {
  readonly expr: string
  readonly datasource: { readonly uid: string }
}

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly Target[]
}

const panels: readonly Panel[] = JSON.parse(readFileSync(join(DEPLOY, 'grafana/sluice.json'), 'utf8')).panels
const expressions = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))
const rules = readFileSync(join(DEPLOY, 'prometheus/alerts.yml'), 'utf8')
const documented = readFileSync(join(packageRoot(), 'docs/metrics.md'), 'utf8')

const folder = mkdtempSync(join(tmpdir(), 'sluice-dashboard-'))
let gateway: Gateway
let text: string

/** What it takes for every kind of metric to be shown: upstreams with all they can have, limits, a log, a failure. */
before(async () => {
  const refused = await freePort()
  const flags = { status_code_metrics: true, latency_metrics: true, bandwidth_metrics: true }
  gateway = await openGateway({
    config: kongYml({
      services: [{ name: 's', host: 'u', retries: 0, routes: [{ name: 'r', paths: ['/'] }] }],
      upstreams: [
        {
          name: 'u',
          targets: [{ target: `127.0.0.1:${refused}` }],
          circuit_breaker: { max_requests: 9 },
          outlier_detection: {},
        },
      ],
      plugins: [
        { name: 'prometheus', config: flags },
        { name: 'rate-limiting', config: { hour: 9, policy: 'local' } },
        { name: 'file-log', config: { path: join(folder, 'log') } },
      ],
    }),
  })
  await fetch(`http://127.0.0.1:${gateway.port}/`)
  await until('the series of plugins and threads are there', async () => {
    text = await scrape(gateway)
    return ['kong_http_requests_total{', 'sluice_log_records_total{', 'sluice_gc_total{'].every((each) =>
      text.includes(each),
    )
  })
})

after(async () => {
  await gateway?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Without what a histogram adds to its name. */
function family(name: string): string {
  return name.replace(/_(?:bucket|sum|count)$/, '')
}

test('every metric that dashboard and alerts name is one that the gateway has, and that docs/metrics.md explains', () => {
  const shown = new Set([...text.matchAll(/^# TYPE (\w+)/gm)].map((match) => match[1]!))
  const asked = [...expressions.map(({ expr }) => expr), rules].flatMap((each) => each.match(METRIC) ?? [])
  assert.ok(asked.length > 50, `${asked.length} are named: is the dashboard read?`)
  for (const name of new Set(asked.map(family))) {
    assert.ok(shown.has(name), `${name} is in no scrape`)
    assert.ok(documented.includes(`\`${name}\``), `${name} is not in docs/metrics.md`)
  }
})

test('every label that is asked for is one of its metric, and every value one that it can have', () => {
  for (const { title, expr } of [...expressions, { title: 'alerts', expr: rules }])
    for (const [, name, inside = ''] of expr.matchAll(SELECTOR))
      for (const [, label, is, value] of inside.matchAll(/(\w+)(=~|!=|=)"([^"]*)"/g)) {
        if (FOREIGN.has(label!)) continue
        const lines = text.split('\n').filter((each) => each.startsWith(`${name}{`))
        assert.ok(lines.length > 0, `${title}: ${name} has no series here`)
        assert.ok(
          lines.every((each) => new RegExp(`[{,]${label}="`).test(each)),
          `${title}: ${name} has no ${label}`,
        )
        // The status of an answer is anything that was sent.
        if (is === '!=' || label === 'code') continue
        const pattern = new RegExp(
          `[{,]${label}="(?:${is === '=~' ? value : value!.replace(/\W/g, '\\$&')})"`,
        )
        assert.ok(
          lines.some((each) => pattern.test(each)),
          `${title}: ${name} is never ${label}="${value}"`,
        )
      }
})

test('panels have ids of their own, lie beside each other, and ask the data source that is chosen', () => {
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  const taken = new Map<string, string>()
  for (const { title, gridPos } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title)
    for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        assert.equal(taken.get(`${x} ${y}`), undefined, `${title} lies over another`)
        taken.set(`${x} ${y}`, title)
      }
  }
  for (const { type, title, targets } of panels) {
    if (type === 'row') continue
    assert.ok(targets !== undefined && targets.length > 0, title)
    assert.ok(
      targets.every(({ datasource }) => CHOSEN.test(datasource.uid)),
      title,
    )
  }
})

function promtool(words: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync('promtool', words, { encoding: 'utf8', timeout: 60_000 })
  assert.equal(status, 0, stdout + stderr)
}

test('promtool takes every expression of the dashboard', () => {
  const recorded = expressions.map(({ expr }, at) => ({
    record: `dashboard:expression${at}`,
    expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'),
  }))
  const file = join(folder, 'dashboard.json')
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: recorded }] }))
  promtool(['check', 'rules', file])
})

test('promtool takes the alerts and the scrape configuration, and the alerts fire when they should', () => {
  promtool(['check', 'config', join(DEPLOY, 'prometheus/prometheus.yml')])
  promtool(['check', 'rules', join(DEPLOY, 'prometheus/alerts.yml')])
  promtool(['test', 'rules', join(DEPLOY, 'prometheus/alerts.test.yml')])
})

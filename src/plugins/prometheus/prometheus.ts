/**
 * prometheus — counts requests by service, route, status and consumer, under Kong's names.
 *
 * HOT     `onLog` runs once a request: one look into a map, and what route-series says.
 */
import type { Exchange } from '../../contract/exchange.ts'
import type { Metrics } from '../../contract/machine/metrics.ts'
import type { Route } from '../../contract/plan.ts'
import { definePlugin, type Handler } from '../../contract/plugin.ts'
import { s } from '../../contract/schema.ts'
import { RouteSeries, type Wanted } from './route-series.ts'

const schema = s.record({
  per_consumer: s.boolean({
    default: false,
    says: 'Counts each consumer apart: as many times the series as there are consumers that ask.',
  }),
  status_code_metrics: s.boolean({
    default: false,
    says: 'Counts requests, by status: kong_http_requests_total.',
  }),
  ai_metrics: s.boolean({ default: false, says: 'Nothing: there are no AI plugins.' }),
  latency_metrics: s.boolean({
    default: false,
    says: 'Measures times: kong_kong_latency_ms, kong_upstream_latency_ms, kong_request_latency_ms.',
  }),
  bandwidth_metrics: s.boolean({ default: false, says: 'Counts bytes: kong_bandwidth_bytes.' }),
  upstream_health_metrics: s.boolean({
    default: false,
    says: 'Nothing more: kong_upstream_target_health is shown without it.',
  }),
  wasm_metrics: s.boolean({ default: false, says: 'Nothing: there are no filters in WebAssembly.' }),
})

export default definePlugin({
  name: 'prometheus',
  summary: 'Counts requests, times and bytes by service and route, for Prometheus to read at /metrics.',
  priority: 13, // Kong's: among the plugins that log
  schema,
  build: (config, host) =>
    new Prometheus(
      {
        perConsumer: config.per_consumer,
        statuses: config.status_code_metrics,
        latencies: config.latency_metrics,
        bandwidth: config.bandwidth_metrics,
      },
      host.metrics,
    ),
})

class Prometheus implements Handler {
  readonly #wanted: Wanted
  readonly #metrics: Metrics
  /** A handler lives as long as its plan, whose routes these are. */
  readonly #routes: Map<Route, RouteSeries>

  constructor(wanted: Wanted, metrics: Metrics) {
    this.#wanted = wanted
    this.#metrics = metrics
    this.#routes = new Map()
  }

  onLog(x: Exchange): void {
    const route = x.route
    if (route === null) return
    const series = this.#routes.get(route) ?? this.#openRoute(route)
    series.count(x)
  }

  #openRoute(route: Route): RouteSeries {
    const series = new RouteSeries(route, this.#wanted, this.#metrics)
    this.#routes.set(route, series)
    return series
  }
}

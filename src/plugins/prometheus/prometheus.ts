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
import type { StreamRecord, StreamRoute } from '../../contract/stream.ts'
import { RouteSeries, type Wanted } from './route-series.ts'
import { StreamSeries } from './stream-series.ts'

const schema = s.record({
  per_consumer: s.boolean({
    default: false,
    says: 'Counts each consumer apart: as many times the series as there are consumers that ask.',
  }),
  status_code_metrics: s.boolean({
    default: false,
    says: 'Counts requests and stream sessions, by status: kong_http_requests_total, kong_stream_sessions_total.',
  }),
  ai_metrics: s.boolean({ default: false, says: 'Nothing: there are no AI plugins.' }),
  latency_metrics: s.boolean({
    default: false,
    says: 'Measures times: kong_kong_latency_ms, kong_upstream_latency_ms, kong_request_latency_ms, kong_session_duration_ms.',
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
  protocols: ['http', 'https', 'grpc', 'grpcs', 'tcp', 'tls', 'tls_passthrough', 'udp'],
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
  readonly #streams: Map<StreamRoute, StreamSeries>

  constructor(wanted: Wanted, metrics: Metrics) {
    this.#wanted = wanted
    this.#metrics = metrics
    this.#routes = new Map()
    this.#streams = new Map()
  }

  onLog(x: Exchange): void {
    const route = x.route
    if (route === null) return
    const series = this.#routes.get(route) ?? this.#openRoute(route)
    series.count(x)
  }

  onStreamEnd(record: StreamRecord): void {
    const route = record.route!
    const series = this.#streams.get(route) ?? this.#openStream(route)
    series.count(record)
  }

  #openStream(route: StreamRoute): StreamSeries {
    const series = new StreamSeries(route, this.#wanted, this.#metrics)
    this.#streams.set(route, series)
    return series
  }

  #openRoute(route: Route): RouteSeries {
    const series = new RouteSeries(route, this.#wanted, this.#metrics)
    this.#routes.set(route, series)
    return series
  }
}

/** Kong's metrics of exchanges: names, kinds and buckets as dashboards and alerts know them. */
import type { MetricFamily } from '../../contract/machine/metrics.ts'

export const REQUESTS: MetricFamily = {
  name: 'kong_http_requests_total',
  kind: 'counter',
  says: 'Requests on routes, by the status they were answered with and by who answered.',
}

export const SESSIONS: MetricFamily = {
  name: 'kong_stream_sessions_total',
  kind: 'counter',
  says: 'Sessions on stream routes, by the status they ended with and by who gave it.',
}

export const BANDWIDTH: MetricFamily = {
  name: 'kong_bandwidth_bytes',
  kind: 'counter',
  says: 'Bytes of requests (ingress) and answers (egress) on routes, and of sessions on stream routes.',
}

/** Kong's own time is short: finer at the low end. */
const GATEWAY_BOUNDS = [1, 2, 5, 7, 10, 15, 20, 30, 50, 75, 100, 200, 500, 750, 1000, 3000, 6000]
const LONG_BOUNDS = [25, 50, 80, 100, 250, 400, 700, 1000, 2000, 5000, 10_000, 30_000, 60_000]

export const GATEWAY_LATENCY: MetricFamily = {
  name: 'kong_kong_latency_ms',
  kind: 'histogram',
  says: 'Milliseconds from the first byte of a request to its first try at a target: what gateway and plugins took.',
  bounds: GATEWAY_BOUNDS,
}

export const UPSTREAM_LATENCY: MetricFamily = {
  name: 'kong_upstream_latency_ms',
  kind: 'histogram',
  says: 'Milliseconds from the beginning of the try that was answered to the head of its answer.',
  bounds: LONG_BOUNDS,
}

export const REQUEST_LATENCY: MetricFamily = {
  name: 'kong_request_latency_ms',
  kind: 'histogram',
  says: 'Milliseconds from the first byte of a request to the end of its answer.',
  bounds: LONG_BOUNDS,
}

export const SESSION_DURATION: MetricFamily = {
  name: 'kong_session_duration_ms',
  kind: 'histogram',
  says: 'Milliseconds from the beginning of a session on a stream route to its end.',
  bounds: LONG_BOUNDS,
}

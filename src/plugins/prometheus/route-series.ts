/**
 * route-series — the series of one route, opened as they are first needed.
 *
 * HOT     `count` runs once a request: about a dozen loads and stores, and with consumers one look into a map.
 */

import type { Exchange } from '../../contract/exchange.ts'
import type { Counter, Histogram, Metrics } from '../../contract/machine/metrics.ts'
import type { Consumer, Route } from '../../contract/plan.ts'
import { TRY_HEAD, TRY_START } from '../../contract/record/try-log.ts'
import { BANDWIDTH, GATEWAY_LATENCY, REQUEST_LATENCY, REQUESTS, UPSTREAM_LATENCY } from './families.ts'

/** What a configuration asks for. */
export interface Wanted {
  readonly perConsumer: boolean
  readonly statuses: boolean
  readonly latencies: boolean
  readonly bandwidth: boolean
}

const WORKSPACE = 'default'

/** What all series of a route have in common. */
interface Scope {
  readonly wanted: Wanted
  readonly metrics: Metrics
  readonly service: string
  readonly route: string
}

export class RouteSeries {
  readonly #scope: Scope
  /** Of requests without a consumer, or of all. */
  #nobody: ConsumerSeries | null
  readonly #byConsumer: Map<Consumer, ConsumerSeries>
  readonly #gateway: Histogram | null
  readonly #upstream: Histogram | null
  readonly #request: Histogram | null

  constructor(route: Route, wanted: Wanted, metrics: Metrics) {
    const service = route.service === null ? '' : (route.service.name ?? route.service.host)
    this.#scope = { wanted, metrics, service, route: route.name ?? route.id }
    this.#nobody = null
    this.#byConsumer = new Map()
    const labels = ['service', service, 'route', this.#scope.route, 'workspace', WORKSPACE]
    this.#gateway = wanted.latencies ? metrics.histogram(GATEWAY_LATENCY, labels) : null
    this.#upstream = wanted.latencies ? metrics.histogram(UPSTREAM_LATENCY, labels) : null
    this.#request = wanted.latencies ? metrics.histogram(REQUEST_LATENCY, labels) : null
  }

  count(x: Exchange): void {
    const consumer = x.consumer
    const isOwn = consumer !== null && this.#scope.wanted.perConsumer
    const series = isOwn
      ? (this.#byConsumer.get(consumer) ?? this.#openConsumer(consumer))
      : (this.#nobody ?? this.#openNobody())
    series.count(x)
    if (this.#gateway !== null) this.#time(x)
  }

  #time(x: Exchange): void {
    const tries = x.tries
    const last = tries.count - 1
    const gatewayEndMs = last < 0 ? x.endMs : tries.time(0, TRY_START)
    this.#gateway!.observe(atLeast0(gatewayEndMs - x.startMs))
    this.#request!.observe(atLeast0(x.endMs - x.startMs))
    if (x.proxied && last >= 0)
      this.#upstream!.observe(atLeast0(tries.time(last, TRY_HEAD) - tries.time(last, TRY_START)))
  }

  #openConsumer(consumer: Consumer): ConsumerSeries {
    const series = this.#open(consumer.username ?? consumer.customId ?? '')
    this.#byConsumer.set(consumer, series)
    return series
  }

  #openNobody(): ConsumerSeries {
    this.#nobody = this.#open('')
    return this.#nobody
  }

  #open(consumer: string): ConsumerSeries {
    return new ConsumerSeries(this.#scope, consumer)
  }
}

/** What is counted for each consumer apart, or for all as ''. */
class ConsumerSeries {
  readonly #scope: Scope
  readonly #consumer: string
  /** A status times two, plus one where the target gave it; `#requests` has its counter. Few: they are looked through. */
  readonly #codes: number[]
  readonly #requests: Counter[]
  readonly #ingress: Counter | null
  readonly #egress: Counter | null

  constructor(scope: Scope, consumer: string) {
    this.#scope = scope
    this.#consumer = consumer
    this.#codes = []
    this.#requests = []
    this.#ingress = scope.wanted.bandwidth ? this.#openBandwidth('ingress') : null
    this.#egress = scope.wanted.bandwidth ? this.#openBandwidth('egress') : null
  }

  count(x: Exchange): void {
    if (this.#scope.wanted.statuses) this.#countStatus(x.status * 2 + (x.proxied ? 1 : 0))
    if (this.#ingress === null) return
    this.#ingress.add(x.request.used + x.requestBytes)
    this.#egress!.add(x.responseHeadBytes + x.responseBytes)
  }

  #countStatus(code: number): void {
    const codes = this.#codes
    let i = 0
    while (i < codes.length && codes[i] !== code) i++
    if (i === codes.length) this.#openStatus(code)
    this.#requests[i]!.add(1)
  }

  #openStatus(code: number): void {
    const source = (code & 1) === 1 ? 'service' : 'kong'
    const { metrics, service, route } = this.#scope
    const labels = ['service', service, 'route', route, 'code', String(code >> 1), 'source', source]
    labels.push('workspace', WORKSPACE, 'consumer', this.#consumer)
    this.#codes.push(code)
    this.#requests.push(metrics.counter(REQUESTS, labels))
  }

  #openBandwidth(direction: string): Counter {
    const { metrics, service, route } = this.#scope
    const labels = ['service', service, 'route', route, 'direction', direction]
    labels.push('workspace', WORKSPACE, 'consumer', this.#consumer)
    return metrics.counter(BANDWIDTH, labels)
  }
}

/** A target may answer before its request is out. */
function atLeast0(ms: number): number {
  return ms > 0 ? ms : 0
}

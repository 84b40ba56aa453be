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

export class RouteSeries {
  readonly #wanted: Wanted
  readonly #metrics: Metrics
  readonly #service: string
  readonly #route: string
  /** Of requests without a consumer, or of all. */
  #nobody: ConsumerSeries | null
  readonly #byConsumer: Map<Consumer, ConsumerSeries>
  readonly #gateway: Histogram | null
  readonly #upstream: Histogram | null
  readonly #request: Histogram | null

  constructor(route: Route, wanted: Wanted, metrics: Metrics) {
    this.#wanted = wanted
    this.#metrics = metrics
    this.#service = route.service === null ? '' : (route.service.name ?? route.service.host)
    this.#route = route.name ?? route.id
    this.#nobody = null
    this.#byConsumer = new Map()
    const labels = ['service', this.#service, 'route', this.#route, 'workspace', WORKSPACE]
    this.#gateway = wanted.latencies ? metrics.histogram(GATEWAY_LATENCY, labels) : null
    this.#upstream = wanted.latencies ? metrics.histogram(UPSTREAM_LATENCY, labels) : null
    this.#request = wanted.latencies ? metrics.histogram(REQUEST_LATENCY, labels) : null
  }

  count(x: Exchange): void {
    const consumer = x.consumer
    const isOwn = consumer !== null && this.#wanted.perConsumer
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
    return new ConsumerSeries(this.#wanted, this.#metrics, this.#service, this.#route, consumer)
  }
}

/** What is counted for each consumer apart, or for all as ''. */
class ConsumerSeries {
  readonly #wanted: Wanted
  readonly #metrics: Metrics
  readonly #service: string
  readonly #route: string
  readonly #consumer: string
  /** A status times two, plus one where the target gave it; `#requests` has its counter. Few: they are looked through. */
  readonly #codes: number[]
  readonly #requests: Counter[]
  readonly #ingress: Counter | null
  readonly #egress: Counter | null

  constructor(wanted: Wanted, metrics: Metrics, service: string, route: string, consumer: string) {
    this.#wanted = wanted
    this.#metrics = metrics
    this.#service = service
    this.#route = route
    this.#consumer = consumer
    this.#codes = []
    this.#requests = []
    this.#ingress = wanted.bandwidth ? this.#openBandwidth('ingress') : null
    this.#egress = wanted.bandwidth ? this.#openBandwidth('egress') : null
  }

  count(x: Exchange): void {
    if (this.#wanted.statuses) this.#countStatus(x.status * 2 + (x.proxied ? 1 : 0))
    if (this.#ingress === null) return
    this.#ingress.add(x.request.used + x.requestBytes)
    this.#egress!.add(x.response.used + x.responseBytes)
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
    const labels = [
      'service',
      this.#service,
      'route',
      this.#route,
      'code',
      String(code >> 1),
      'source',
      source,
    ]
    labels.push('workspace', WORKSPACE, 'consumer', this.#consumer)
    this.#codes.push(code)
    this.#requests.push(this.#metrics.counter(REQUESTS, labels))
  }

  #openBandwidth(direction: string): Counter {
    const labels = ['service', this.#service, 'route', this.#route, 'direction', direction]
    labels.push('workspace', WORKSPACE, 'consumer', this.#consumer)
    return this.#metrics.counter(BANDWIDTH, labels)
  }
}

/** A target may answer before its request is out. */
function atLeast0(ms: number): number {
  return ms > 0 ? ms : 0
}

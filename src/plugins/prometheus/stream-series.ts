/** stream-series — the series of one stream route. Nobody is known there: the consumer is always ''. */
import { faults } from '../../base/faults.ts'
import type { Counter, Histogram, Metrics } from '../../contract/machine/metrics.ts'
import type { StreamRecord, StreamRoute } from '../../contract/stream.ts'
import { BANDWIDTH, SESSION_DURATION, SESSIONS } from './families.ts'
import type { Wanted } from './route-series.ts'

const WORKSPACE = ['workspace', 'default']

export class StreamSeries {
  readonly #metrics: Metrics
  readonly #labels: readonly string[]
  /** By status and source. Null: not wanted. */
  readonly #sessions: Map<string, Counter> | null
  readonly #duration: Histogram | null
  readonly #ingress: Counter | null
  readonly #egress: Counter | null

  constructor({ service, id, name }: StreamRoute, wanted: Wanted, metrics: Metrics) {
    const labels = ['service', service?.name ?? service?.host ?? '', 'route', name ?? id]
    const bytes = (direction: string) =>
      metrics.counter(BANDWIDTH, [...labels, 'direction', direction, ...WORKSPACE, 'consumer', ''])
    this.#metrics = metrics
    this.#labels = labels
    this.#sessions = wanted.statuses ? new Map() : null
    this.#duration = wanted.latencies ? metrics.histogram(SESSION_DURATION, [...labels, ...WORKSPACE]) : null
    this.#ingress = wanted.bandwidth ? bytes('ingress') : null
    this.#egress = wanted.bandwidth ? bytes('egress') : null
  }

  count({ status, fault, durationMs, bytesIn, bytesOut }: StreamRecord): void {
    const source = fault === faults.NONE ? 'service' : 'kong'
    if (this.#sessions !== null) this.#sessionsOf(this.#sessions, String(status), source).add(1)
    this.#duration?.observe(durationMs)
    this.#ingress?.add(bytesIn)
    this.#egress?.add(bytesOut)
  }

  #sessionsOf(sessions: Map<string, Counter>, code: string, source: string): Counter {
    const key = `${code} ${source}`
    let counter = sessions.get(key)
    if (counter === undefined) {
      const labels = [...this.#labels, 'code', code, 'source', source, ...WORKSPACE]
      counter = this.#metrics.counter(SESSIONS, labels)
      sessions.set(key, counter)
    }
    return counter
  }
}

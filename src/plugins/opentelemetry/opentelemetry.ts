/**
 * opentelemetry — tells the target which trace a request belongs to, and ships spans of the sampled ones to a receiver
 * of OTLP.
 *
 *     onStart: traced or not ─▶ onRequest: ids for the target ─▶ … ─▶ onLog: ring ─▶ log thread: spans, batches, POST
 *
 * HOT     `onStart`, `onRequest` and `onLog` run once a request.
 */
import type { Exchange } from '../../contract/exchange.ts'
import type { LogSink } from '../../contract/machine/log-sinks.ts'
import { definePlugin, type Handler, type Host, NEXT, type Verdict } from '../../contract/plugin.ts'
import { setField } from '../../http1/fields.ts'
import { readPropagation } from '../../tracing/propagation/propagation-schema.ts'
import { Tracer } from '../../tracing/tracer.ts'
import { type Config, schema } from './schema.ts'
import { settingsOf, warnOfOlder } from './ship-settings.ts'

export default definePlugin({
  name: 'opentelemetry',
  summary: 'Takes part in distributed traces and sends spans of requests to an OpenTelemetry receiver.',
  priority: 14, // after every plugin that may change the request: the target is told last
  schema,
  build: (config, host) => {
    warnOfOlder(config, host)
    const isOff = host.tracing.instrumentations.length === 0
    const name = config.http_response_header_for_traceid
    if (name !== null)
      return isOff ? new NamingTeller(config, host, name) : new NamingTracing(config, host, name)
    return isOff ? new Teller(config, host) : new Tracing(config, host)
  },
})

/** What is done where nothing is traced: the target is told, and log records go out. */
class Teller implements Handler {
  protected readonly tracer: Tracer
  protected readonly logs: LogSink | null

  constructor(config: Config, host: Host) {
    const ratio = config.sampling_rate ?? host.tracing.samplingRate
    const { instrumentations } = host.tracing
    const tellsTries = instrumentations.includes('all') || instrumentations.includes('balancer')
    const random = (count: number): Buffer => host.random(count)
    this.tracer = new Tracer(readPropagation(config), ratio, random, tellsTries)
    const settings = settingsOf(config, host, config.logs_endpoint)
    this.logs = settings === null ? null : host.logs.open(import.meta.url, 'ship-logs', settings)
  }

  onRequest(x: Exchange): Verdict {
    this.tracer.tell(x)
    return NEXT
  }

  onLog(x: Exchange): void {
    if (this.logs !== null) this.logs.put(x, null)
  }

  close(): void {
    if (this.logs !== null) this.logs.close()
  }
}

class Tracing extends Teller {
  readonly #traces: LogSink | null

  constructor(config: Config, host: Host) {
    super(config, host)
    const settings = settingsOf(config, host, config.traces_endpoint ?? config.endpoint)
    this.#traces = settings === null ? null : host.logs.open(import.meta.url, 'ship-traces', settings)
  }

  get startKey(): string {
    return this.tracer.startKey
  }

  onStart(x: Exchange): void {
    this.tracer.start(x)
  }

  override onLog(x: Exchange): void {
    if (this.tracer.keeps(x) && this.#traces !== null) this.#traces.put(x, null)
    super.onLog(x)
  }

  override close(): void {
    if (this.#traces !== null) this.#traces.close()
    super.close()
  }
}

class NamingTeller extends Teller {
  readonly #name: string

  constructor(config: Config, host: Host, name: string) {
    super(config, host)
    this.#name = name
  }

  onResponse(x: Exchange): void {
    setField(x.response, this.#name, this.tracer.traceIdText(x))
  }
}

class NamingTracing extends Tracing {
  readonly #name: string

  constructor(config: Config, host: Host, name: string) {
    super(config, host)
    this.#name = name
  }

  onResponse(x: Exchange): void {
    setField(x.response, this.#name, this.tracer.traceIdText(x))
  }
}

/**
 * zipkin — traces requests: takes on the client's trace or begins one, tells the target, and sends spans to a Zipkin.
 *
 * Whether a request is traced is decided at its start, and shared with other plugins that trace (tracing/tracer.ts).
 * Spans are made in the log thread, of the record of the exchange: a worker only puts that record into its ring.
 */
import type { Exchange } from '../../contract/exchange.ts'
import type { LogSink } from '../../contract/machine/log-sinks.ts'
import { definePlugin, type Handler, type Host, NEXT, type Verdict } from '../../contract/plugin.ts'
import { setField } from '../../http1/fields.ts'
import { queueSettingsOf } from '../../shipping/queue-schema.ts'
import { readPropagation } from '../../tracing/propagation/propagation-schema.ts'
import { Tracer } from '../../tracing/tracer.ts'
import { type Config, schema } from './schema.ts'
import type { ShipZipkinSettings } from './ship-zipkin.ts'

export default definePlugin({
  name: 'zipkin',
  summary: 'Traces requests and sends their spans to a Zipkin.',
  priority: 100_000,
  schema,
  build: (config, host) => {
    if (host.workerId === 0) warnOfOlder(config, host)
    const sink =
      config.http_endpoint === null
        ? null
        : host.logs.open(import.meta.url, 'ship-zipkin', makeSettings(config, config.http_endpoint))
    const random = (count: number): Buffer => host.random(count)
    const tracer = new Tracer(readPropagation(config), config.sample_ratio, random)
    if (config.traceid_byte_count === 8) tracer.useShortIds()
    const header = config.http_response_header_for_traceid
    return header === null ? new Zipkin(tracer, sink) : new TellingZipkin(tracer, sink, header)
  },
})

function warnOfOlder(config: Config, host: Host): void {
  if (config.header_type !== 'preserve')
    host.log('warn', 'zipkin: config.header_type is deprecated, please use config.propagation instead')
  if (config.default_header_type !== null)
    host.log(
      'warn',
      'zipkin: config.default_header_type is deprecated, please use config.propagation.default_format instead',
    )
}

function makeSettings(config: Config, url: string): ShipZipkinSettings {
  return {
    post: {
      url,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      connectTimeoutMs: config.connect_timeout,
      sendTimeoutMs: config.send_timeout,
      readTimeoutMs: config.read_timeout,
      keepaliveMs: KEEPALIVE_MS,
      verifiesTls: true,
    },
    queue: queueSettingsOf(config.queue),
    spans: {
      localServiceName: config.local_service_name,
      defaultServiceName: config.default_service_name ?? '',
      hasCredential: config.include_credential,
      hasPathInName: config.http_span_name === 'method_path',
      hasPhaseTags: config.phase_duration_flavor === 'tags',
      tagsHeader: config.tags_header.toLowerCase(),
      staticTags: (config.static_tags ?? []).map(({ name, value }) => [name, value] as const),
    },
  }
}

/** Kong's default for connections that are not used. */
const KEEPALIVE_MS = 60_000

class Zipkin implements Handler {
  protected readonly tracer: Tracer
  readonly #sink: LogSink | null

  constructor(tracer: Tracer, sink: LogSink | null) {
    this.tracer = tracer
    this.#sink = sink
  }

  get startKey(): string {
    return this.tracer.startKey
  }

  onStart(x: Exchange): void {
    this.tracer.start(x)
  }

  onRequest(x: Exchange): Verdict {
    this.tracer.tell(x)
    return NEXT
  }

  onLog(x: Exchange): void {
    if (this.tracer.keeps(x)) this.#sink?.put(x, null)
  }

  close(): void {
    this.#sink?.close()
  }
}

class TellingZipkin extends Zipkin {
  readonly #header: string

  constructor(tracer: Tracer, sink: LogSink | null, header: string) {
    super(tracer, sink)
    this.#header = header
  }

  onResponse(x: Exchange): void {
    setField(x.response, this.#header, this.tracer.traceIdText(x))
  }
}

/** ship-settings — what the sinks in the log thread have to know of a configuration, as plain data. */
import type { Host } from '../../contract/plugin.ts'
import type { QueueSettings } from '../../shipping/queue.ts'
import { queueSettingsOf } from '../../shipping/queue-schema.ts'
import type { Encoding } from '../../tracing/otlp/encode.ts'
import type { Config } from './schema.ts'

export interface ShipSettings {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly resource: Readonly<Record<string, string>>
  readonly encoding: Encoding
  readonly connectTimeoutMs: number
  readonly sendTimeoutMs: number
  readonly readTimeoutMs: number
  readonly verifiesTls: boolean
  readonly queue: QueueSettings
  /** Kong's words; see TRACING_INSTRUMENTATIONS. */
  readonly instrumentations: readonly string[]
}

/** What Kong's older fields had where nobody set them. */
const OLDER_COUNT = 200
const OLDER_DELAY = 3

/** Null where there is no receiver. */
export function settingsOf(config: Config, host: Host, url: string | null): ShipSettings | null {
  if (url === null) return null
  return {
    url,
    headers: config.headers ?? {},
    resource: config.resource_attributes ?? {},
    encoding: config.traces_encoding,
    connectTimeoutMs: config.connect_timeout,
    sendTimeoutMs: config.send_timeout,
    readTimeoutMs: config.read_timeout,
    verifiesTls: config.ssl_verify,
    queue: withOlder(queueSettingsOf(config.queue), config),
    instrumentations: host.tracing.instrumentations,
  }
}

function withOlder(queue: QueueSettings, config: Config): QueueSettings {
  const count = config.batch_span_count
  const delay = config.batch_flush_delay
  return {
    ...queue,
    ...(count === null || count === OLDER_COUNT ? {} : { maxBatchSize: count }),
    ...(delay === null || delay === OLDER_DELAY ? {} : { maxCoalescingDelayMs: delay * 1000 }),
  }
}

export function warnOfOlder(config: Config, host: Host): void {
  const say = (older: string, now: string): void =>
    host.log('warn', `opentelemetry: config.${older} is deprecated, please use config.${now} instead`)
  if (config.endpoint !== null) say('endpoint', 'traces_endpoint')
  if (config.batch_span_count !== null) say('batch_span_count', 'queue.max_batch_size')
  if (config.batch_flush_delay !== null) say('batch_flush_delay', 'queue.max_coalescing_delay')
}

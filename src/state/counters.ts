/**
 * counters — what the gateway counts: a row of doubles for each worker, summed by the primary when somebody reads.
 *
 * WHAT    One SharedArrayBuffer. Row 0 is the primary's, row n worker n's. Rows are whole cache lines (64 bytes, eight
 *         doubles), so two workers never write to the same line.
 *
 *           row 0     | requests | 1xx | 2xx | ... | restarts | fault 0 | fault 1 | ... | padding |   Float64
 *           row 1     | requests | 1xx | 2xx | ...
 *           ...
 *           row n     | requests | 1xx | 2xx | ...
 *
 * WRITES  Each row by its owner only, with plain stores. After a worker has died the primary sets its gauges to 0
 *         (`forget`) before the replacement starts in the same row; counters go on from where they stood.
 *
 * LIMITS  Doubles count exactly up to 2^53. A reader may see one worker's counters a moment apart from each other; a
 *         single value is never torn, as aligned 8-byte loads and stores are whole on every platform Node runs on.
 *
 * HOT     `add` runs several times a request: one load and one store. Indexes are the constants below.
 */
import { faultList } from '../base/faults.ts'

export const REQUESTS = 0
/** RESPONSES + 1 … RESPONSES + 5 by the first digit of the status. */
export const RESPONSES = 0
export const CONNECTIONS_ACCEPTED = 6
export const CONNECTIONS_ACTIVE = 7
export const CONNECTIONS_READING = 8
export const CONNECTIONS_WRITING = 9
export const CONNECTIONS_WAITING = 10
/** Refused because CONNECTIONS_MAX was reached. */
export const CONNECTIONS_REFUSED = 11
export const UPSTREAM_CONNECTS = 12
export const UPSTREAM_REUSES = 13
export const UPSTREAM_RETRIES = 14
/** Connections to targets open now. */
export const UPSTREAM_OPEN = 15
/** Requests that wait for one now. */
export const UPSTREAM_QUEUED = 16
export const BYTES_IN = 17
export const BYTES_OUT = 18
export const RELOADS = 19
export const RELOADS_REFUSED = 20
export const RESTARTS = 21
/** Bytes of the worker's heap, as it last said. */
export const HEAP_BYTES = 22
/** Log records lost because too many came at once. */
export const LOGS_DROPPED = 23
/** Requests that a limit in a dry run would have refused. */
export const LIMITS_DRY = 24
/** Requests whose limit Redis should have decided and did not. */
export const LIMITS_ALONE = 25
export const REDIS_PROBLEMS = 26
/** TLS handshakes of clients that came to nothing. */
export const HANDSHAKES_FAILED = 27
export const TUNNELS = 28
/** Open now. */
export const TUNNELS_OPEN = 29
export const STREAMS = 30
/** Open now. */
export const STREAMS_OPEN = 31
/** For want of room, by a plugin, or because no route was for them. */
export const STREAMS_REFUSED = 32
export const STREAM_BYTES_IN = 33
export const STREAM_BYTES_OUT = 34
/** Steps of plugins that failed: they threw, did not resume in time, or left a promise to fail. */
export const PLUGIN_FAILURES = 35
/** Copies of requests that were answered, and that came to nothing. */
export const MIRRORED = 36
export const MIRROR_DROPPED = 37
/** Decisions of the plugins that limit, each ADMITTED, REFUSED or UNDECIDED. */
export const RATE_LIMITING = 38
export const RESPONSE_RATELIMITING = 41
export const ADMITTED = 0
export const REFUSED = 1
/** Redis was to decide, did not, and the client had to pay for it. */
export const UNDECIDED = 2
/** TLS handshakes of clients, by what they came to. */
export const HANDSHAKES_TLS12 = 44
export const HANDSHAKES_TLS13 = 45
/** Of those, the ones that went on where an earlier connection had left off. */
export const HANDSHAKES_RESUMED = 46
/** Connections to targets that wait for a request now. */
export const UPSTREAM_IDLE = 47
/** FAULTS + fault.id */
export const FAULTS = 48

export type CounterKind = 'counter' | 'gauge'

export interface CounterRow {
  readonly index: number
  readonly kind: CounterKind
  /** Name for metrics, without prefix. */
  readonly name: string
  readonly label: string
  readonly says: string
}

const counter = (index: number, name: string, says: string, label = ''): CounterRow => ({
  index,
  kind: 'counter',
  name,
  label,
  says,
})
const gauge = (index: number, name: string, says: string, label = ''): CounterRow => ({
  index,
  kind: 'gauge',
  name,
  label,
  says,
})

const RESPONSE_SAYS = 'Answers sent, by class of status.'
const CONNECTION_SAYS = 'Client connections open now, by what they do.'
const LIMIT_SAYS = 'Requests that a limit was asked about, by what it said.'
const LOGS_DROPPED_SAYS =
  'Operator lines beyond 100 a second of a worker, and access lines and log records that found no room in its ring.'
const HANDSHAKE_SAYS = 'TLS handshakes of clients that came to a connection, by version.'

/** Every index but the faults', in order, for whoever shows them. Rows of one name stand together. */
export const counterRows: readonly CounterRow[] = [
  counter(REQUESTS, 'requests_total', 'Requests whose head was read.'),
  counter(RESPONSES + 1, 'responses_total', RESPONSE_SAYS, 'class="1xx"'),
  counter(RESPONSES + 2, 'responses_total', RESPONSE_SAYS, 'class="2xx"'),
  counter(RESPONSES + 3, 'responses_total', RESPONSE_SAYS, 'class="3xx"'),
  counter(RESPONSES + 4, 'responses_total', RESPONSE_SAYS, 'class="4xx"'),
  counter(RESPONSES + 5, 'responses_total', RESPONSE_SAYS, 'class="5xx"'),
  counter(CONNECTIONS_ACCEPTED, 'connections_accepted_total', 'Client connections accepted.'),
  gauge(CONNECTIONS_ACTIVE, 'connections', CONNECTION_SAYS, 'state="active"'),
  gauge(CONNECTIONS_READING, 'connections', CONNECTION_SAYS, 'state="reading"'),
  gauge(CONNECTIONS_WRITING, 'connections', CONNECTION_SAYS, 'state="writing"'),
  gauge(CONNECTIONS_WAITING, 'connections', CONNECTION_SAYS, 'state="waiting"'),
  counter(CONNECTIONS_REFUSED, 'connections_refused_total', 'Client connections refused at CONNECTIONS_MAX.'),
  counter(UPSTREAM_CONNECTS, 'upstream_connects_total', 'Connections opened to targets.'),
  counter(UPSTREAM_REUSES, 'upstream_reuses_total', 'Requests sent on a connection that was already open.'),
  counter(UPSTREAM_RETRIES, 'upstream_retries_total', 'Requests sent once more after a failed try.'),
  gauge(UPSTREAM_OPEN, 'upstream_connections', 'Connections to targets open now.'),
  gauge(UPSTREAM_QUEUED, 'upstream_queued', 'Requests waiting for a connection to a target.'),
  counter(BYTES_IN, 'bytes_total', 'Bytes exchanged with clients.', 'direction="in"'),
  counter(BYTES_OUT, 'bytes_total', 'Bytes exchanged with clients.', 'direction="out"'),
  counter(RELOADS, 'reloads_total', 'Configurations put to work after the first.'),
  counter(RELOADS_REFUSED, 'reloads_refused_total', 'Configurations refused; the old one stayed.'),
  counter(RESTARTS, 'worker_restarts_total', 'Workers replaced after they died.'),
  gauge(HEAP_BYTES, 'worker_heap_bytes', 'Heap in use by the workers.'),
  counter(LOGS_DROPPED, 'log_records_dropped_total', LOGS_DROPPED_SAYS),
  counter(LIMITS_DRY, 'limit_dry_refusals_total', 'Requests that a limit in a dry run would have refused.'),
  counter(
    LIMITS_ALONE,
    'limit_without_redis_total',
    'Requests whose limit was to be decided by Redis, and was not.',
  ),
  counter(
    REDIS_PROBLEMS,
    'redis_problems_total',
    'Commands that Redis failed or did not answer, and lost connections.',
  ),
  counter(
    HANDSHAKES_FAILED,
    'tls_handshakes_failed_total',
    'TLS handshakes of clients that came to nothing.',
  ),
  counter(TUNNELS, 'tunnels_total', 'WebSocket connections opened.'),
  gauge(TUNNELS_OPEN, 'tunnels', 'WebSocket connections open now.'),
  counter(STREAMS, 'stream_connections_total', 'Connections accepted on stream listeners.'),
  gauge(STREAMS_OPEN, 'stream_connections', 'Connections open on stream listeners now.'),
  counter(
    STREAMS_REFUSED,
    'stream_connections_refused_total',
    'Connections on stream listeners that no target was sought for.',
  ),
  counter(STREAM_BYTES_IN, 'stream_bytes_total', 'Bytes of sessions on stream routes.', 'direction="in"'),
  counter(STREAM_BYTES_OUT, 'stream_bytes_total', 'Bytes of sessions on stream routes.', 'direction="out"'),
  counter(
    PLUGIN_FAILURES,
    'plugin_failures_total',
    'Steps of plugins that threw, did not resume in time, or left a promise to fail.',
  ),
  counter(MIRRORED, 'mirrored_total', 'Copies of requests (plugin mirror) that were answered.'),
  counter(MIRROR_DROPPED, 'mirror_dropped_total', 'Copies that were too large, found no room, or failed.'),
  ...makeLimitRows(RATE_LIMITING, 'rate-limiting'),
  ...makeLimitRows(RESPONSE_RATELIMITING, 'response-ratelimiting'),
  counter(HANDSHAKES_TLS12, 'tls_handshakes_total', HANDSHAKE_SAYS, 'version="TLSv1.2"'),
  counter(HANDSHAKES_TLS13, 'tls_handshakes_total', HANDSHAKE_SAYS, 'version="TLSv1.3"'),
  counter(
    HANDSHAKES_RESUMED,
    'tls_resumed_total',
    'Of those, the ones that went on from an earlier connection.',
  ),
  gauge(UPSTREAM_IDLE, 'upstream_connections_idle', 'Connections to targets kept for the next request.'),
]

function makeLimitRows(first: number, plugin: string): CounterRow[] {
  const row = (index: number, decision: string) =>
    counter(first + index, 'limit_decisions_total', LIMIT_SAYS, `plugin="${plugin}",decision="${decision}"`)
  return [row(ADMITTED, 'admitted'), row(REFUSED, 'refused'), row(UNDECIDED, 'error')]
}

const LINE = 8
const ROW = Math.ceil((FAULTS + faultList.length) / LINE) * LINE

export class Counters {
  readonly #row: Float64Array

  /** `workerId` counts from 1; 0 is the primary. */
  constructor(buffer: SharedArrayBuffer, workerId: number) {
    this.#row = new Float64Array(buffer, workerId * ROW * 8, ROW)
  }

  add(index: number, n: number): void {
    this.#row[index] = this.#row[index]! + n
  }

  set(index: number, n: number): void {
    this.#row[index] = n
  }

  get(index: number): number {
    return this.#row[index]!
  }

  /** The owner died: what it held open is gone with it. */
  forget(): void {
    for (const row of counterRows) if (row.kind === 'gauge') this.#row[row.index] = 0
  }
}

export function makeCounterBuffer(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer((workers + 1) * ROW * 8)
}

/** The whole gateway's value of one index. */
export function sumCounter(buffer: SharedArrayBuffer, index: number): number {
  const rows = new Float64Array(buffer)
  let sum = 0
  for (let at = index; at < rows.length; at += ROW) sum += rows[at]!
  return sum
}

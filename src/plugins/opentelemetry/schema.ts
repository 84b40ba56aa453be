/** What opentelemetry can be told: Kong's fields, and below them our own. */
import { type Infer, s, type Value } from '../../contract/schema.ts'
import { queueField } from '../../shipping/queue-schema.ts'
import { headersField, urlRule, verifyField } from '../../shipping/receiver-fields.ts'
import { headerTypeField, propagationField } from '../../tracing/propagation/propagation-schema.ts'

const BATCH = 200
const TIME: readonly [number, number] = [0, 2 ** 31 - 2]
const FIELD_NAME: readonly [string, string] = ["^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", 'not a valid header name']

const OWN_HEADERS = new Map([
  ['host', 'Host'],
  ['content-type', 'Content-Type'],
  ['content-length', 'Content-Length'],
])

function endpoint(says: string) {
  return s.string({ referenceable: true, custom: urlRule, says })
}

function time(ms: number, says: string) {
  return s.integer({ default: ms, between: TIME, says })
}

function isGiven(value: Value | undefined): boolean {
  return value !== null && value !== undefined
}

export const schema = s.record(
  {
    traces_endpoint: endpoint('Where spans go: the whole URL of a receiver of OTLP over HTTP.'),
    logs_endpoint: endpoint('Where a log record of each request goes, with the ids of its trace.'),
    endpoint: endpoint('Deprecated: use `traces_endpoint`.'),
    headers: headersField(OWN_HEADERS),
    resource_attributes: s.map(s.string(), s.string({ len_min: 1 }), {
      says: 'Attributes of the gateway itself, as `service.name`, which is `kong` otherwise.',
    }),
    queue: queueField(BATCH),
    batch_span_count: s.integer({ says: 'Deprecated: use `queue.max_batch_size`.' }),
    batch_flush_delay: s.integer({ says: 'Deprecated: use `queue.max_coalescing_delay`.' }),
    connect_timeout: time(1000, 'Milliseconds to connect in.'),
    send_timeout: time(5000, 'Milliseconds to send a batch in.'),
    read_timeout: time(5000, 'Milliseconds the receiver may take to answer.'),
    http_response_header_for_traceid: s.string({
      match: FIELD_NAME,
      says: "A header of the answer that tells the client the trace's id.",
    }),
    header_type: headerTypeField,
    sampling_rate: s.number({
      between: [0, 1],
      says: 'The share of traces that are recorded, where who asks has not decided; absent: `TRACING_SAMPLING_RATE`.',
    }),
    propagation: propagationField('w3c'),
    traces_encoding: s.string({
      required: true,
      default: 'protobuf',
      one_of: ['protobuf', 'json'],
      says: 'The form of what is sent. Kong has protobuf alone.',
    }),
    ssl_verify: verifyField,
  },
  {
    entity_checks: [
      {
        name: 'at_least_one_of',
        fields: ['traces_endpoint', 'logs_endpoint', 'endpoint'],
        check: (record) =>
          isGiven(record['traces_endpoint']) ||
          isGiven(record['logs_endpoint']) ||
          isGiven(record['endpoint'])
            ? null
            : "at least one of these fields must be non-empty: 'config.traces_endpoint', 'config.logs_endpoint'",
      },
    ],
  },
)

export type Config = Infer<typeof schema>

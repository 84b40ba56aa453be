/** The configuration of zipkin: Kong's. */
import { type Infer, s, type Value } from '../../contract/schema.ts'
import { queueField } from '../../shipping/queue-schema.ts'
import { urlRule } from '../../shipping/receiver-fields.ts'
import { FORMAT_NAMES } from '../../tracing/propagation/format.ts'
import { headerTypeField, propagationField } from '../../tracing/propagation/propagation-schema.ts'

/** Tags that the plugin itself writes. */
const RESERVED = [
  'error',
  'http.method',
  'http.path',
  'http.status_code',
  'kong.balancer.state',
  'kong.balancer.try',
  'kong.consumer',
  'kong.credential',
  'kong.node.id',
  'kong.route',
  'kong.service',
  'lc',
  'peer.hostname',
]

/** RFC 9110 §5.1: a field's name is a token. */
const FIELD_NAME: readonly [string, string] = ["^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", 'not a valid header name']
/** Milliseconds. Timers take no more. */
const TIME: readonly [number, number] = [0, 2 ** 31 - 2]

function notReserved(name: Value): string | null {
  return RESERVED.includes(String(name)) ? `must not be one of: ${RESERVED.join(', ')}` : null
}

export const schema = s.record({
  local_service_name: s.string({
    required: true,
    default: 'kong',
    says: 'What Zipkin is told that this gateway is called.',
  }),
  http_endpoint: s.string({
    referenceable: true,
    custom: urlRule,
    says: 'Where spans go, `http://zipkin:9411/api/v2/spans` say. Absent: targets are told of the trace, and that is all.',
  }),
  sample_ratio: s.number({
    default: 0.001,
    between: [0, 1],
    says: 'The share of requests that are traced, of those whose client does not say.',
  }),
  default_service_name: s.string({
    says: 'The name in Zipkin of who has none: services without a name, clients.',
  }),
  include_credential: s.boolean({
    required: true,
    default: true,
    says: 'Whether the tag `kong.credential` has the id of the credential that was used.',
  }),
  traceid_byte_count: s.integer({
    required: true,
    default: 16,
    one_of: [8, 16],
    says: 'Bytes of the id of a trace that begins here.',
  }),
  header_type: headerTypeField,
  default_header_type: s.string({
    one_of: FORMAT_NAMES,
    says: 'Deprecated: use `propagation.default_format`, above which it stands where it is set.',
  }),
  tags_header: s.string({
    required: true,
    default: 'Zipkin-Tags',
    match: FIELD_NAME,
    says: 'A header of requests with tags for the span: `name=value; other=value`.',
  }),
  static_tags: s.array(
    s.record({
      name: s.string({ required: true, custom: notReserved, says: 'The tag.' }),
      value: s.string({ required: true, says: 'What it says.' }),
    }),
    { says: 'Tags for the span of each request.' },
  ),
  http_span_name: s.string({
    required: true,
    default: 'method',
    one_of: ['method', 'method_path'],
    says: 'How spans are named: `GET`, or `GET /orders/7`.',
  }),
  connect_timeout: timeField(2000, 'Milliseconds for connecting to Zipkin.'),
  send_timeout: timeField(5000, 'Milliseconds for sending.'),
  read_timeout: timeField(5000, 'Milliseconds for the answer.'),
  http_response_header_for_traceid: s.string({
    match: FIELD_NAME,
    says: "A header of answers that has the trace's id.",
  }),
  phase_duration_flavor: s.string({
    required: true,
    default: 'annotations',
    one_of: ['annotations', 'tags'],
    says: 'Whether phases are told of as annotations with their begin and end, or as tags with their duration.',
  }),
  queue: queueField(),
  propagation: propagationField('b3'),
})

function timeField<const D extends number>(usual: D, says: string) {
  return s.integer({ default: usual, between: TIME, says })
}

export type Config = Infer<typeof schema>

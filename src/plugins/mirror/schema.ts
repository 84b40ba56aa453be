/** schema — the configuration of mirror, whose fields are our own. */
import { type Infer, s } from '../../contract/schema.ts'

/** The flow keeps no more of a body for another try. */
const BODY_MAX = 64 * 1024
const CONCURRENCY_MAX = 1024
const QUEUE_MAX = 1000
const TIMEOUT_MS_MAX = 600_000
const PORT_MAX = 65_535

export const schema = s.record({
  upstream_host: s.string({
    required: true,
    match: ['^[A-Za-z0-9._:/\\[\\]-]+$', 'not a valid host'],
    says: 'Who gets the copies: the name of an upstream, or a host.',
  }),
  upstream_port: s.integer({
    between: [0, PORT_MAX],
    says: 'The port there, where it is a host and no upstream. Absent: the port of the service.',
  }),
  percentage: s.number({
    required: true,
    default: 100,
    between: [0, 100],
    says: 'Per cent of the requests that are copied.',
  }),
  strip_headers: s.array(s.string({ match: ["^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", 'not a valid header name'] }), {
    says: 'Headers that copies do not have: Authorization and Cookie, say.',
  }),
  max_body_size: s.integer({
    required: true,
    default: BODY_MAX,
    between: [0, BODY_MAX],
    says: 'Bytes of the largest body that is copied; requests with larger ones are not.',
  }),
  concurrency: s.integer({
    required: true,
    default: 32,
    between: [1, CONCURRENCY_MAX],
    says: 'How many copies each worker has under way at once.',
  }),
  queue_size: s.integer({
    required: true,
    default: 128,
    between: [0, QUEUE_MAX],
    says: 'How many more wait for their turn; what comes then is dropped.',
  }),
  timeout: s.integer({
    required: true,
    default: 10_000,
    between: [1, TIMEOUT_MS_MAX],
    says: 'Milliseconds after which a copy is given up.',
  }),
})

export type Config = Infer<typeof schema>

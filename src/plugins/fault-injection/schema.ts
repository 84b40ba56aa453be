/** schema — the configuration of fault-injection, in the words of Envoy's fault filter. */
import { type Infer, s, type Value } from '../../contract/schema.ts'

/** The longest delay: longer than any client waits. */
export const DELAY_MS_MAX = 600_000
/** The most requests that a worker may be told to hold up at once. */
const ACTIVE_MAX = 100_000
/** In place of a status: no answer. */
export const RESET = -1

const TOKEN: readonly [string, string] = ["^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", 'not a valid header name']

const percentage = (what: string) =>
  s.number({
    required: true,
    default: 100,
    between: [0, 100],
    says: `Per cent of the requests that ${what}.`,
  })

const isSet = (value: Value | undefined): boolean => value !== null && value !== undefined

const delay = s.record({
  fixed_delay: s.integer({ between: [1, DELAY_MS_MAX], says: 'Milliseconds that a request is held up.' }),
  header_delay: s.boolean({
    required: true,
    default: false,
    says: 'Lets requests ask for a delay: `x-envoy-fault-delay-request`, in milliseconds.',
  }),
  percentage: percentage('are held up'),
})

const abort = s.record({
  http_status: s.integer({ between: [200, 599], says: 'The status of the answer in place of the target’s.' }),
  reset: s.boolean({
    required: true,
    default: false,
    says: 'Cuts the connection in place of an answer; of HTTP/2 the stream. An extension.',
  }),
  header_abort: s.boolean({
    required: true,
    default: false,
    says: 'Lets requests ask for a status: `x-envoy-fault-abort-request`.',
  }),
  percentage: percentage('are refused'),
})

const match = s.record(
  {
    name: s.string({
      required: true,
      match: TOKEN,
      says: 'The header. Without another field: that it is there.',
    }),
    exact_match: s.string({ says: 'The whole value.' }),
    prefix_match: s.string({ len_min: 1, says: 'How the value begins.' }),
    suffix_match: s.string({ len_min: 1, says: 'How it ends.' }),
    contains_match: s.string({ len_min: 1, says: 'What is in it.' }),
    invert_match: s.boolean({ required: true, default: false, says: 'Means the requests that do not fit.' }),
  },
  {
    entity_checks: [
      {
        name: 'one way to match',
        check: (fields) =>
          WAYS.filter((way) => isSet(fields[way])).length > 1
            ? `only one of these fields may be set: ${WAYS.join(', ')}`
            : null,
      },
    ],
  },
)

const WAYS = ['exact_match', 'prefix_match', 'suffix_match', 'contains_match']

export type MatchConfig = Infer<typeof match>

export const schema = s.record(
  {
    delay: { ...delay, says: 'Holds requests up before they go on.' },
    abort: { ...abort, says: 'Answers in place of the target, behind the delay where there is one.' },
    headers: s.array(match, { says: 'Only requests that fit all of these. Absent: all.' }),
    max_active_faults: s.integer({
      required: true,
      default: 1000,
      between: [0, ACTIVE_MAX],
      says: 'How many requests each worker holds up at once; beyond them requests are not delayed.',
    }),
  },
  {
    entity_checks: [
      {
        name: 'something to do',
        fields: ['delay', 'abort'],
        check: (config) =>
          does(config['delay'], ['fixed_delay', 'header_delay']) ||
          does(config['abort'], ['http_status', 'reset', 'header_abort'])
            ? null
            : "at least one of these fields must be non-empty: 'delay', 'abort'",
      },
      {
        name: 'one way to abort',
        fields: ['abort'],
        check: ({ abort: its }) =>
          does(its, ['http_status']) && does(its, ['reset'])
            ? "'abort.http_status' can't be used with 'abort.reset'"
            : null,
      },
    ],
  },
)

export type Config = Infer<typeof schema>

function does(record: Value | undefined, fields: readonly string[]): boolean {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return false
  return fields.some((name) => isSet(record[name]) && record[name] !== false)
}

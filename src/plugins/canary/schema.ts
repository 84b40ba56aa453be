/** schema — the configuration of canary: the names are Kong Enterprise's, but for the cookie. */
import { type Infer, s, type Value } from '../../contract/schema.ts'

const TOKEN: readonly [string, string] = ["^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", 'not a valid name']
const HOST: readonly [string, string] = ['^[A-Za-z0-9._:/\\[\\]-]+$', 'not a valid host']
const PORT_MAX = 65_535
const SECONDS_OF_AN_HOUR = 3600

const isSet = (value: Value | undefined): boolean => value !== null && value !== undefined

export const schema = s.record(
  {
    upstream_host: s.string({
      match: HOST,
      len_min: 1,
      says: 'Who gets the part: the name of an upstream, or a host. Absent: the host of the service.',
    }),
    upstream_port: s.integer({
      between: [0, PORT_MAX],
      says: 'The port there, where it is a host and no upstream. Absent: the port of the service.',
    }),
    upstream_uri: s.string({
      match: ['^/[!-~]*$', 'should start with: / and be free of spaces'],
      says: 'The path there, in place of all of the path; the query stays. Absent: as on the way to the service.',
    }),
    upstream_fallback: s.boolean({
      required: true,
      default: false,
      says: 'Whether the service gets what the other upstream has no usable target for.',
    }),
    percentage: s.number({
      between: [0, 100],
      says: 'Per cent of the requests, or of whom `hash` tells apart. Absent: it grows from `start` on.',
    }),
    start: s.number({ says: 'When the part begins to grow: seconds since 1970. Without `percentage` only.' }),
    duration: s.number({
      default: SECONDS_OF_AN_HOUR,
      gt: 0,
      says: 'Seconds in which the part grows from nothing to all.',
    }),
    steps: s.number({
      default: 1000,
      gt: 1,
      says: 'In how many steps it grows, and how finely requests are told apart.',
    }),
    hash: s.string({
      default: 'consumer',
      one_of: ['consumer', 'ip', 'header', 'none', 'allow', 'deny'],
      says:
        'What decides: who asks, where from, a header, or nothing but the number of requests; `allow` and `deny`: ' +
        '`groups` alone.',
    }),
    hash_header: s.string({ match: TOKEN, says: 'The header, where `hash` is header.' }),
    groups: s.array(s.string(), {
      says: 'Groups (acl and consumer groups) whose consumers get the other upstream (allow), or alone do not (deny).',
    }),
    canary_by_header_name: s.string({
      match: TOKEN,
      says: 'A header whose value `always` or `never` decides before all else.',
    }),
    canary_by_cookie_name: s.string({
      match: TOKEN,
      says: 'A cookie that does the same, behind the header. An extension.',
    }),
  },
  {
    entity_checks: [
      {
        name: 'another place',
        fields: ['upstream_uri', 'upstream_host', 'upstream_port'],
        check: ({ upstream_uri, upstream_host, upstream_port }) =>
          isSet(upstream_uri) || isSet(upstream_host) || isSet(upstream_port)
            ? null
            : "at least one of these fields must be non-empty: 'upstream_uri', 'upstream_host', 'upstream_port'",
      },
      {
        name: 'hash_header',
        fields: ['hash', 'hash_header'],
        blames: ['hash_header', 'required field missing'],
        check: ({ hash, hash_header }) =>
          hash === 'header' && !isSet(hash_header)
            ? "failed conditional validation given value of field 'hash'"
            : null,
      },
      {
        name: 'fallback',
        fields: ['upstream_fallback', 'upstream_host'],
        blames: ['upstream_host', 'required field missing'],
        check: ({ upstream_fallback, upstream_host }) =>
          upstream_fallback === true && !isSet(upstream_host)
            ? "failed conditional validation given value of field 'upstream_fallback'"
            : null,
      },
      {
        name: 'groups',
        fields: ['hash', 'groups'],
        blames: ['groups', 'required field missing'],
        check: ({ hash, groups }) =>
          (hash === 'allow' || hash === 'deny') && !(Array.isArray(groups) && groups.length > 0)
            ? "failed conditional validation given value of field 'hash'"
            : null,
      },
      {
        name: 'how much',
        fields: ['hash', 'percentage', 'start', 'canary_by_header_name', 'canary_by_cookie_name'],
        check: (config) =>
          config['hash'] === 'allow' ||
          config['hash'] === 'deny' ||
          HOW_MUCH.some((name) => isSet(config[name]))
            ? null
            : "at least one of these fields must be non-empty: 'percentage', 'start'",
      },
    ],
  },
)

/** A header or a cookie alone is enough: nobody else is sent there. */
const HOW_MUCH = ['percentage', 'start', 'canary_by_header_name', 'canary_by_cookie_name']

export type Config = Infer<typeof schema>

/** Upstreams and their targets. */
import { type EntityCheck, s, type Value } from '../../../contract/schema.ts'
import { type EntityDefinition, entityRecord, onText, type RawRecord } from './entity.ts'
import { circuitBreaker, outlierDetection, slowStart } from './extensions/resilience-schema.ts'
import { hostPortRule, hostRule, normalTarget, targetRule, upstreamNameRule } from './hosts.ts'
import { pathRule } from './paths.ts'
import { headerName } from './route-schema.ts'

const ALGORITHMS = ['consistent-hashing', 'least-connections', 'round-robin', 'latency', 'least-request']
const HASH_KEYS = ['none', 'consumer', 'ip', 'header', 'cookie', 'path', 'query_arg', 'uri_capture']
const PROBES = ['tcp', 'http', 'https', 'grpc', 'grpcs']

const hashKey = s.string({ default: 'none', one_of: HASH_KEYS })
const header = s.string({ custom: onText(headerName) })
const path = onText(pathRule)
const headerValue = s.string({ custom: onText(headerValueRule) })
const seconds = s.number({ default: 0, between: [0, 65535] })
const count = s.integer({ default: 0, between: [0, 255] })
const status = s.integer({ between: [100, 999] })
const probeType = s.string({ default: 'http', one_of: PROBES })

function statuses(...codes: number[]) {
  return s.array(status, { default: codes })
}

/** RFC 9110 §5.5; beyond Latin-1 a value has no bytes of its own. */
function headerValueRule(value: string): string | null {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
    ? null
    : 'contains characters that a header value cannot have'
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}

const active = s.record(
  {
    type: probeType,
    timeout: s.number({ default: 1, between: [0, 65535] }),
    concurrency: s.integer({ default: 10, between: [1, 2147483648] }),
    http_path: s.string({ default: '/', custom: path }),
    https_sni: s.string({ custom: onText(hostRule) }),
    https_verify_certificate: s.boolean({ required: true, default: true }),
    headers: s.map(header, s.array(headerValue)),
    healthy: s.record(
      { interval: seconds, http_statuses: statuses(200, 302), successes: count },
      { required: true },
    ),
    unhealthy: s.record(
      {
        interval: seconds,
        http_statuses: statuses(429, 404, 500, 501, 502, 503, 504, 505),
        tcp_failures: count,
        timeouts: count,
        http_failures: count,
      },
      { required: true },
    ),
  },
  { required: true },
)

const passive = s.record(
  {
    type: probeType,
    healthy: s.record(
      { http_statuses: statuses(...range(200, 208), 226, ...range(300, 308)), successes: count },
      { required: true },
    ),
    unhealthy: s.record(
      { http_statuses: statuses(429, 500, 503), tcp_failures: count, timeouts: count, http_failures: count },
      { required: true },
    ),
  },
  { required: true },
)

const healthchecks = s.record(
  { threshold: s.number({ default: 0, between: [0, 100] }), active, passive },
  { required: true },
)

type Upstream = { [key: string]: Value }

function needs(when: string, is: string, field: string): EntityCheck {
  return {
    name: `${field} with ${when}`,
    fields: [when, field],
    check: (upstream) => (upstream[when] === is && upstream[field] === null ? condition(when) : null),
    blames: [field, 'required field missing'],
  }
}

/** With `hash_on` a certain key, the fallback can only be one of some. */
function fallbackOf(keys: readonly string[], allowed: readonly string[]): EntityCheck {
  return {
    name: `hash_fallback with ${keys.join(', ')}`,
    fields: ['hash_on', 'hash_fallback'],
    check: (upstream) => {
      const applies = keys.includes(String(upstream['hash_on']))
      return applies && !allowed.includes(String(upstream['hash_fallback'])) ? condition('hash_on') : null
    },
    blames: ['hash_fallback', `expected one of: ${allowed.join(', ')}`],
  }
}

function condition(field: string): string {
  return `failed conditional validation given value of field '${field}'`
}

function distinct(field: string, other: string): EntityCheck {
  return {
    name: `${field} and ${other}`,
    fields: [field, other],
    check: (upstream: Upstream) =>
      upstream[field] !== null && upstream[field] === upstream[other]
        ? `values of these fields must be distinct: '${field}', '${other}'`
        : null,
  }
}

const hashChecks: readonly EntityCheck[] = [
  needs('hash_on', 'header', 'hash_on_header'),
  needs('hash_fallback', 'header', 'hash_fallback_header'),
  needs('hash_on', 'cookie', 'hash_on_cookie'),
  needs('hash_fallback', 'cookie', 'hash_on_cookie'),
  needs('hash_on', 'query_arg', 'hash_on_query_arg'),
  needs('hash_fallback', 'query_arg', 'hash_fallback_query_arg'),
  needs('hash_on', 'uri_capture', 'hash_on_uri_capture'),
  needs('hash_fallback', 'uri_capture', 'hash_fallback_uri_capture'),
  fallbackOf(['none', 'cookie'], ['none']),
  ...['consumer', 'ip', 'path'].map((key) =>
    fallbackOf(
      [key],
      HASH_KEYS.filter((each) => each !== key),
    ),
  ),
  distinct('hash_on_header', 'hash_fallback_header'),
  distinct('hash_on_query_arg', 'hash_fallback_query_arg'),
  distinct('hash_on_uri_capture', 'hash_fallback_uri_capture'),
]

export const upstreams: EntityDefinition = {
  name: 'upstreams',
  referenceKey: 'name',
  idFields: ['name'],
  unique: [['name']],
  prepare: fitAlgorithmAndHash,
  schema: entityRecord(
    {
      name: s.string({ required: true, unique: true, custom: onText(upstreamNameRule) }),
      algorithm: s.string({ default: 'round-robin', one_of: ALGORITHMS }),
      hash_on: hashKey,
      hash_fallback: hashKey,
      hash_on_header: header,
      hash_fallback_header: header,
      hash_on_cookie: s.string(),
      hash_on_cookie_path: s.string({ default: '/', custom: path }),
      hash_on_query_arg: s.string(),
      hash_fallback_query_arg: s.string(),
      hash_on_uri_capture: s.string(),
      hash_fallback_uri_capture: s.string(),
      slots: s.integer({ default: 10000, between: [10, 65536] }),
      healthchecks,
      host_header: s.string({ custom: onText(hostPortRule) }),
      client_certificate: s.foreign('certificates'),
      use_srv_name: s.boolean({ default: false }),
      circuit_breaker: circuitBreaker,
      outlier_detection: outlierDetection,
      slow_start: slowStart,
      fallback: s.string(),
    },
    { entity_checks: hashChecks },
  ),
}

/** An algorithm that hashes nothing takes no hash key; a hash key alone asks for the algorithm that hashes. */
function fitAlgorithmAndHash(raw: RawRecord): void {
  const algorithm = raw['algorithm'] ?? null
  const hashOn = raw['hash_on'] ?? null
  if (algorithm === 'least-connections' || algorithm === 'latency') {
    // Nothing else about hashing is dropped: it is kept, and unused, as Kong keeps it.
    if (hashOn !== null && HASH_KEYS.includes(String(hashOn))) raw['hash_on'] = 'none'
  } else if (algorithm === null && typeof hashOn === 'string' && hashOn !== 'none') {
    raw['algorithm'] = 'consistent-hashing'
  }
}

/** Kong keeps the times of targets with their milliseconds. */
const moment = s.number({ auto: true })

export const targets: EntityDefinition = {
  name: 'targets',
  referenceKey: null,
  idFields: ['upstream', 'target'],
  unique: [['upstream', 'target']],
  finish: (target) => {
    if (typeof target['target'] === 'string') target['target'] = normalTarget(target['target'])
  },
  schema: entityRecord({
    created_at: moment,
    updated_at: moment,
    upstream: s.foreign('upstreams', { required: true }),
    target: s.string({ required: true, custom: onText(targetRule) }),
    weight: s.integer({ default: 100, between: [0, 65535] }),
  }),
}

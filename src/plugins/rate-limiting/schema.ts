/** The configuration of rate-limiting: Kong's fields and rules, and what is ours: algorithms, cost, tiers, dry runs. */
import { type EntityCheck, type Infer, s, type Value } from '../../contract/schema.ts'
import { LIMIT_BY } from '../../limits/identity.ts'
import { atLeastOnePeriod, periodCount, periodFields, periodOrder } from '../../limits/period-schema.ts'
import { PERIOD_NAMES, PERIOD_SECONDS } from '../../limits/periods.ts'
import { policyField, redisChecks, redisFields, usesRedis } from '../../limits/redis-schema.ts'

/** Kong's least time between two pushes, in seconds. */
const SYNC_RATE_MIN = 0.02
/** A request may be held back no longer. */
const WAIT_MAX_S = 600
const COST_MAX = 1_000_000

const tier = s.record(
  {
    consumer_group: s.string({ required: true, says: 'Whom the limits are for.' }),
    ...periodFields,
  },
  {
    entity_checks: [
      { name: 'some limit', fields: PERIOD_NAMES, check: (config) => atLeastOnePeriod(config, '') },
    ],
    custom: (value) => (isRecord(value) ? periodOrder(value) : null),
  },
)

const cost = s.record(
  {
    by: s.string({
      required: true,
      default: 'fixed',
      one_of: ['fixed', 'header', 'response_header'],
      says: 'The same for each request, or named by a header of the request or of its answer.',
    }),
    name: s.string({ says: 'The header.' }),
    value: s.integer({ default: 1, between: [1, COST_MAX], says: 'What a request costs by `fixed`.' }),
    max: s.integer({ default: 1000, between: [1, COST_MAX], says: 'The most a header can ask for.' }),
    default: s.integer({
      default: 1,
      between: [1, COST_MAX],
      says: 'Without the header, or a number in it.',
    }),
  },
  {
    says: 'What a request counts as; one where absent. An answer that names its cost is charged the rest afterwards.',
    entity_checks: [
      {
        name: 'header to read',
        fields: ['by', 'name'],
        check: ({ by, name }) =>
          by !== 'fixed' && name === null ? "failed conditional validation given value of field 'by'" : null,
        blames: ['name', 'required field missing'],
      },
    ],
  },
)

export const schema = s.record(
  {
    ...periodFields,
    limit_by: s.string({
      default: 'consumer',
      one_of: LIMIT_BY,
      says: 'Whom is counted; the address where there is none.',
    }),
    header_name: s.string({ custom: badHeaderName, says: 'Required with `limit_by: header`.' }),
    path: s.string({ starts_with: '/', says: 'Required with `limit_by: path`.' }),
    policy: policyField,
    fault_tolerant: s.boolean({
      required: true,
      default: true,
      says: 'While Redis fails: counts on each machine (true), or answers 500 (false).',
    }),
    ...redisFields,
    hide_client_headers: s.boolean({
      required: true,
      default: false,
      says: 'Sends no header about the limit, but for `Retry-After` in a refusal.',
    }),
    error_code: s.number({ default: 429, gt: 0, custom: statusOnly, says: 'The status of a refusal.' }),
    error_message: s.string({ default: 'API rate limit exceeded', says: 'The words of a refusal.' }),
    sync_rate: s.number({
      required: true,
      default: -1,
      says: 'Seconds between two exchanges with Redis; -1: Redis is asked for each request, and the limit is exact.',
    }),
    algorithm: s.string({
      default: 'fixed-window',
      one_of: ['fixed-window', 'sliding-window', 'token-bucket', 'leaky-bucket'],
      says: 'Kong has the first only.',
    }),
    burst: s.integer({
      between: [0, COST_MAX],
      says: 'How many at once: tokens of a token-bucket (absent: the limit), places in the queue of a leaky-bucket (absent: none).',
    }),
    cost,
    tiers: s.array(tier, {
      says: "Other limits for members of consumer groups: the first of the list that the consumer is in stands in the place of the plugin's own.",
    }),
    dry_run: s.boolean({ default: false, says: 'Refuses nobody and tells only the log whom it would have.' }),
    headers: s.string({
      default: 'kong',
      one_of: ['kong', 'draft', 'both', 'none'],
      says: "Kong's headers, those of the IETF's draft (RateLimit, RateLimit-Policy), both or none.",
    }),
  },
  { entity_checks: makeChecks(), custom: (value) => (isRecord(value) ? wholeRule(value) : null) },
)

export type Config = Infer<typeof schema>
type Record = { [key: string]: Value }

function isRecord(value: Value): value is Record {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function makeChecks(): EntityCheck[] {
  return [
    { name: 'some limit', fields: PERIOD_NAMES, check: (config) => atLeastOnePeriod(config, 'config.') },
    neededBy('header', 'header_name'),
    neededBy('path', 'path'),
    ...redisChecks,
    { name: 'one period', fields: ['algorithm', 'tiers', ...PERIOD_NAMES], check: onePeriod },
    { name: 'burst', fields: ['algorithm', 'burst', 'tiers', ...PERIOD_NAMES], check: burstRule },
    { name: 'cost', fields: ['algorithm', 'burst', 'cost', ...PERIOD_NAMES], check: costRule },
  ]
}

function neededBy(limitBy: string, field: string): EntityCheck {
  return {
    name: `${field} with limit_by`,
    fields: ['limit_by', field],
    check: (config) =>
      config['limit_by'] === limitBy && config[field] === null
        ? "failed conditional validation given value of field 'config.limit_by'"
        : null,
    blames: [field, 'required field missing'],
  }
}

function wholeRule(config: Record): string | null {
  const order = periodOrder(config)
  if (order !== null) return order
  const rate = config['sync_rate']
  if (rate === -1 || typeof rate !== 'number') return null
  if (!usesRedis(config)) return 'sync_rate can only be used with the redis policy'
  if (rate < SYNC_RATE_MIN) return 'sync_rate must be greater than 0.02, or -1 to disable'
  return config['algorithm'] === 'fixed-window'
    ? null
    : `sync_rate can only be used with the algorithm fixed-window`
}

function onePeriod(config: Record): string | null {
  if (config['algorithm'] === 'fixed-window') return null
  const tiers = Array.isArray(config['tiers']) ? config['tiers'].filter(isRecord) : []
  return [config, ...tiers].every((limits) => periodCount(limits) === 1)
    ? null
    : `exactly one of these fields must be set with the algorithm ${config['algorithm']}: ${PERIOD_NAMES.join(', ')}`
}

function burstRule(config: Record): string | null {
  const { algorithm, burst } = config
  if (typeof burst !== 'number') return null
  if (algorithm === 'token-bucket') return burst > 0 ? null : 'a token-bucket needs a burst of at least 1'
  if (algorithm !== 'leaky-bucket')
    return 'burst can only be used with the algorithms token-bucket and leaky-bucket'
  const tiers = Array.isArray(config['tiers']) ? config['tiers'].filter(isRecord) : []
  return [config, ...tiers].every((limits) => burst * gapSecondsOf(limits) <= WAIT_MAX_S)
    ? null
    : `the last of a burst of ${burst} would wait longer than ${WAIT_MAX_S} seconds`
}

/** Between two requests, by the one period that is set. */
function gapSecondsOf(limits: Record): number {
  const period = PERIOD_NAMES.findIndex((name) => typeof limits[name] === 'number')
  return period < 0 ? 0 : PERIOD_SECONDS[period]! / Number(limits[PERIOD_NAMES[period]!])
}

function costRule(config: Record): string | null {
  const { algorithm, cost } = config
  if (cost === null || cost === undefined || !isRecord(cost)) return null
  if (algorithm === 'leaky-bucket') return 'cost cannot be used with the algorithm leaky-bucket'
  if (cost['by'] === 'response_header' && algorithm !== 'fixed-window')
    return 'cost by response_header can only be used with the algorithm fixed-window'
  if (cost['by'] !== 'fixed') return null
  const most = algorithm === 'token-bucket' && config['burst'] ? Number(config['burst']) : leastLimit(config)
  return Number(cost['value']) > most
    ? `cost.value is above ${most}, so that no request could ever pass`
    : null
}

function leastLimit(config: Record): number {
  const limits = PERIOD_NAMES.map((period) => config[period]).filter((limit) => typeof limit === 'number')
  return Math.ceil(Math.min(...limits))
}

function badHeaderName(value: Value): string | null {
  return /^[A-Za-z0-9_-]+$/.test(String(value))
    ? null
    : `bad header name '${value}', allowed characters are A-Z, a-z, 0-9, '_', and '-'`
}

/** Kong takes any number and fails when it is used. */
function statusOnly(value: Value): string | null {
  const isStatus = Number.isInteger(value) && Number(value) >= 200 && Number(value) <= 599
  return isStatus ? null : 'value should be an HTTP status from 200 to 599'
}

/** The configuration of response-ratelimiting: Kong's. */
import { type Infer, s, type Value } from '../../contract/schema.ts'
import { atLeastOnePeriod, periodFields, periodOrder } from '../../limits/period-schema.ts'
import { PERIOD_NAMES } from '../../limits/periods.ts'
import { policyField, redisChecks, redisFields } from '../../limits/redis-schema.ts'

const HEADER_NAME: readonly [string, string] = ["^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", 'not a valid header name']
/** It becomes a part of header names. */
const LIMIT_NAME: readonly [string, string] = [HEADER_NAME[0], "not a name that can stand in a header's"]

const limit = s.record(periodFields, {
  required: true,
  entity_checks: [
    { name: 'some limit', fields: PERIOD_NAMES, check: (config) => atLeastOnePeriod(config, '') },
  ],
  custom: (value) => (isRecord(value) ? periodOrder(value, 'the limit') : null),
})

function isRecord(value: Value): value is { [key: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export const schema = s.record(
  {
    header_name: s.string({
      default: 'x-kong-limit',
      match: HEADER_NAME,
      says: 'The header in which a target says what its answer uses: `videos=1, images=2`. Clients never see it.',
    }),
    limit_by: s.string({
      default: 'consumer',
      one_of: ['consumer', 'credential', 'ip'],
      says: 'Whom is counted; the address where there is none.',
    }),
    policy: policyField,
    fault_tolerant: s.boolean({
      required: true,
      default: true,
      says: 'While Redis fails: counts on each machine (true), or answers 500 (false).',
    }),
    ...redisFields,
    block_on_first_violation: s.boolean({
      required: true,
      default: false,
      says: 'Refuses requests, without asking the target, while exactly nothing is left of one of the limits.',
    }),
    hide_client_headers: s.boolean({
      required: true,
      default: false,
      says: 'Sends clients no header about limits.',
    }),
    limits: s.map(s.string({ match: LIMIT_NAME }), limit, {
      required: true,
      len_min: 1,
      says: 'By a name of your choice, how much may be used: `videos: {minute: 10}`.',
    }),
  },
  { entity_checks: redisChecks },
)

export type Config = Infer<typeof schema>

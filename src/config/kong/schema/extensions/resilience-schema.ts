/** Fields of services and upstreams that Kong has not: circuits, outlier detection, slow start, retries beyond Kong's. */
import { type EntityCheck, s } from '../../../../contract/schema.ts'

const percent = (fallback: number) => s.number({ default: fallback, between: [0, 100] })
const count = (fallback: number) => s.integer({ default: fallback, between: [1, 1_000_000] })
const optionalCount = s.integer({ between: [1, 1_000_000_000] })
const seconds = (fallback: number) => s.number({ default: fallback, between: [0.001, 86_400] })
const milliseconds = (fallback: number) => s.integer({ default: fallback, between: [0, 3_600_000] })
const status = s.integer({ between: [100, 999] })

export const circuitBreaker = s.record({
  max_connections: optionalCount,
  max_pending_requests: optionalCount,
  max_requests: optionalCount,
  max_retries: optionalCount,
  retry_budget: s.record({
    budget_percent: percent(20),
    min_retry_concurrency: s.integer({ default: 3, between: [0, 1_000_000] }),
  }),
  failure_percentage: s.number({ between: [0.1, 100] }),
  // What the shared row counts up to (state/breaker.ts).
  consecutive_failures: s.integer({ between: [1, 65_535] }),
  minimum_requests: count(20),
  window: seconds(10),
  failure_statuses: s.array(status, { default: [500, 502, 503, 504] }),
  open_time: seconds(5),
  max_open_time: seconds(60),
  half_open_requests: s.integer({ default: 3, between: [1, 16] }),
  success_threshold: count(3),
})

export const outlierDetection = s.record({
  consecutive_5xx: count(5),
  enforcing_consecutive_5xx: percent(100),
  consecutive_gateway_failure: count(5),
  enforcing_consecutive_gateway_failure: percent(0),
  split_external_local_origin_errors: s.boolean({ default: false }),
  consecutive_local_origin_failure: count(5),
  enforcing_consecutive_local_origin_failure: percent(100),
  interval: seconds(10),
  base_ejection_time: seconds(30),
  max_ejection_time: seconds(300),
  max_ejection_time_jitter: s.number({ default: 0, between: [0, 86_400] }),
  max_ejection_percent: percent(10),
  always_eject_one_host: s.boolean({ default: true }),
  enforcing_success_rate: percent(100),
  success_rate_minimum_hosts: count(5),
  success_rate_request_volume: count(100),
  success_rate_stdev_factor: s.integer({ default: 1900, between: [0, 100_000] }),
  enforcing_failure_percentage: percent(0),
  failure_percentage_threshold: percent(85),
  failure_percentage_minimum_hosts: count(5),
  failure_percentage_request_volume: count(50),
  successful_active_health_check_uneject_host: s.boolean({ default: true }),
  panic_threshold: percent(50),
})

export const slowStart = s.record({
  window: seconds(30),
  aggression: s.number({ default: 1, between: [0.1, 100] }),
  min_weight_percent: percent(10),
})

const CONDITIONS = ['5xx', 'gateway-error', 'reset', 'connect-failure', 'timeout', 'retriable-4xx']

export const retryPolicy = s.record({
  retry_on: s.set(s.string({ one_of: [...CONDITIONS, 'retriable-status-codes'] }), {
    default: ['connect-failure', 'reset', 'timeout'],
  }),
  retriable_status_codes: s.array(status, { default: [] }),
  retry_non_idempotent: s.boolean({ default: false }),
  per_try_timeout: s.integer({ between: [1, 2_147_483_646] }),
  back_off: s.record(
    { base_interval: milliseconds(25), max_interval: milliseconds(250) },
    { required: true, entity_checks: [inOrder('base_interval', 'max_interval')] },
  ),
})

function inOrder(low: string, high: string): EntityCheck {
  return {
    name: `${low} and ${high}`,
    fields: [low, high],
    check: (record) => (Number(record[low]) > Number(record[high]) ? `${low} is above ${high}` : null),
  }
}

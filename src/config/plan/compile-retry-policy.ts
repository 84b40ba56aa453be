/** A service's retry policy, from Envoy's words to what the flow asks at each failure. */
import type { RetryPolicy } from '../../contract/plan.ts'
import type { RetryPolicyRecord } from '../model.ts'

const GATEWAY_ERRORS = [502, 503, 504]
const SERVER_ERRORS = Array.from({ length: 100 }, (_, i) => 500 + i)

/** Null: Kong's rules alone. */
export function compileRetryPolicy(record: RetryPolicyRecord | null): RetryPolicy | null {
  if (record === null) return null
  const on = new Set(record.retry_on)
  const isAny = on.has('5xx')
  const isGateway = isAny || on.has('gateway-error')
  return Object.freeze({
    statuses: Object.freeze(statusesOf(on, record.retriable_status_codes)),
    onConnectFailure: isGateway || on.has('connect-failure'),
    onReset: isGateway || on.has('reset'),
    onTimeout: isGateway || on.has('timeout'),
    nonIdempotent: record.retry_non_idempotent,
    perTryTimeoutMs: record.per_try_timeout ?? 0,
    backOffBaseMs: record.back_off.base_interval,
    backOffMaxMs: record.back_off.max_interval,
  })
}

function statusesOf(on: ReadonlySet<string>, listed: readonly number[]): number[] {
  const statuses = new Set<number>()
  if (on.has('5xx')) for (const status of SERVER_ERRORS) statuses.add(status)
  if (on.has('gateway-error')) for (const status of GATEWAY_ERRORS) statuses.add(status)
  // Envoy's word for the one 4xx that a second try can turn.
  if (on.has('retriable-4xx')) statuses.add(409)
  if (on.has('retriable-status-codes')) for (const status of listed) statuses.add(status)
  return [...statuses].sort((one, other) => one - other)
}

/** circuit-settings — an upstream's circuit_breaker in the units that counting needs. */
import type { BreakerSettings } from '../../../state/breaker.ts'
import type { CircuitInput } from '../upstream-input.ts'
import { makeStatusSet, type StatusSet } from '../watch/status-set.ts'

export interface CircuitSettings {
  /** As the operator knows the upstream. */
  readonly upstream: string
  /** Null: the circuit never opens. */
  readonly breaker: BreakerSettings | null
  readonly failures: StatusSet
  /** 0: no limit. */
  readonly requestsMax: number
  readonly pendingMax: number
  readonly connectionsMax: number
  readonly retriesMax: number
  readonly budget: { readonly percent: number; readonly minimum: number } | null
}

export function makeCircuitSettings(upstream: string, input: CircuitInput): CircuitSettings {
  const budget = input.retry_budget
  return {
    upstream,
    breaker: makeBreaker(input),
    failures: makeStatusSet(input.failure_statuses),
    requestsMax: input.max_requests ?? 0,
    pendingMax: input.max_pending_requests ?? 0,
    connectionsMax: input.max_connections ?? 0,
    retriesMax: input.max_retries ?? 0,
    budget:
      budget === null ? null : { percent: budget.budget_percent, minimum: budget.min_retry_concurrency },
  }
}

function makeBreaker(input: CircuitInput): BreakerSettings | null {
  if (input.failure_percentage === null && input.consecutive_failures === null) return null
  return {
    windowMs: input.window * 1000,
    minimumRequests: input.minimum_requests,
    failurePercent: input.failure_percentage ?? 0,
    consecutiveFailures: input.consecutive_failures ?? 0,
    openMs: input.open_time * 1000,
    openMsMax: input.max_open_time * 1000,
    probesMax: input.half_open_requests,
    successesToClose: input.success_threshold,
  }
}

/** judge — what the result of a probe means for its target, by the upstream's active checks. */
import type { HealthchecksRecord } from '../../config/model.ts'
import type { CheckLimits, TargetState } from '../../state/target-state.ts'
import type { ProbeResult } from './probe/probe.ts'

export type ActiveRecord = HealthchecksRecord['active']
export type Verdict = 'success' | 'http failure' | 'tcp failure' | 'timeout' | 'ignored'

export function judge(result: ProbeResult, active: ActiveRecord): Verdict {
  if (result.kind === 'connected') return 'success'
  if (result.kind === 'refused') return 'http failure'
  if (result.kind === 'failed') return 'tcp failure'
  if (result.kind === 'timeout') return 'timeout'
  if (active.healthy.http_statuses.includes(result.status)) return 'success'
  return active.unhealthy.http_statuses.includes(result.status) ? 'http failure' : 'ignored'
}

/** True when this report flipped the target's health. */
export function report(verdict: Verdict, state: TargetState, limits: CheckLimits, nowMs: number): boolean {
  switch (verdict) {
    case 'success':
      return state.reportSuccess(limits, nowMs)
    case 'http failure':
      return state.reportHttpFailure(limits)
    case 'tcp failure':
      return state.reportTcpFailure(limits)
    case 'timeout':
      return state.reportTimeout(limits)
    default:
      return false
  }
}

export function limitsOf({ healthy, unhealthy }: ActiveRecord): CheckLimits {
  return {
    successes: healthy.successes,
    httpFailures: unhealthy.http_failures,
    tcpFailures: unhealthy.tcp_failures,
    timeouts: unhealthy.timeouts,
  }
}

/** For the log. */
export function describe(result: ProbeResult): string {
  if (result.kind === 'answered') return `status ${result.status}`
  return 'why' in result ? result.why : result.kind
}

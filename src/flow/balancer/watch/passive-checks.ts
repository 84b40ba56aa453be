/**
 * passive-checks — Kong's passive health checks: what traffic tells about a target's health.
 *
 * WRITES  The target's state, shared by all workers: exactly the failure that reaches a limit takes it out for all.
 *
 * HOT     Runs once an answer and once a failed try; a success of a healthy target is one load.
 */
import type { Clock } from '../../../base/clock.ts'
import type { Exchange } from '../../../contract/exchange.ts'
import type { Target } from '../../../contract/target.ts'
import type { CheckLimits } from '../../../state/target-state.ts'
import type { HealthInput } from '../upstream-input.ts'
import { TIMED_OUT } from './fault-kind.ts'
import type { News } from './news.ts'
import { makeStatusSet, type StatusSet } from './status-set.ts'

export class PassiveChecks {
  readonly #limits: CheckLimits
  readonly #good: StatusSet
  readonly #bad: StatusSet
  readonly #clock: Clock
  readonly #news: News

  constructor(input: HealthInput['passive'], clock: Clock, news: News) {
    this.#limits = makeLimits(input)
    this.#good = makeStatusSet(input.healthy.http_statuses)
    this.#bad = makeStatusSet(input.unhealthy.http_statuses)
    this.#clock = clock
    this.#news = news
  }

  /** The target's own status is in x.response. A status in both lists is a success. */
  answered(x: Exchange, target: Target): void {
    const status = x.response.status
    if (this.#good.has(status)) {
      if (target.state.reportSuccess(this.#limits, this.#clock.now())) this.#news.healthy(target)
    } else if (this.#bad.has(status) && target.state.reportHttpFailure(this.#limits))
      this.#news.unhealthy(target)
  }

  /** `kind`: TIMED_OUT or BROKE. */
  failed(target: Target, kind: number): void {
    const state = target.state
    const isOut =
      kind === TIMED_OUT ? state.reportTimeout(this.#limits) : state.reportTcpFailure(this.#limits)
    if (isOut) this.#news.unhealthy(target)
  }
}

function makeLimits({ healthy, unhealthy }: HealthInput['passive']): CheckLimits {
  return {
    successes: healthy.successes,
    httpFailures: unhealthy.http_failures,
    tcpFailures: unhealthy.tcp_failures,
    timeouts: unhealthy.timeouts,
  }
}

/** False when every limit is 0: then nothing is judged. */
export function hasPassiveChecks(input: HealthInput['passive']): boolean {
  const unhealthy = input.unhealthy
  return (
    input.healthy.successes > 0 ||
    unhealthy.http_failures > 0 ||
    unhealthy.tcp_failures > 0 ||
    unhealthy.timeouts > 0
  )
}

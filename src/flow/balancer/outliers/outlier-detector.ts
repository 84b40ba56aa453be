/**
 * outlier-detector — Envoy's consecutive detectors: a target that fails several times in a row is ejected at once.
 *
 * WHAT    The other detectors compare targets with each other over an interval; they are the sweep's (sweep.ts), which
 *         also ends ejections.
 *
 * WRITES  The target's state and the upstream's count of ejections, shared by all workers.
 *
 * HOT     Runs once an answer and once a failed try: one atomic addition and two loads while all is well.
 */
import type { Clock } from '../../../base/clock.ts'
import type { Exchange } from '../../../contract/exchange.ts'
import type { Target } from '../../../contract/target.ts'
import {
  DETECTED_5XX,
  DETECTED_GATEWAY,
  DETECTED_LOCAL,
  type OutlierLimits,
} from '../../../state/target-state.ts'
import type { UpstreamState } from '../../../state/upstream-state.ts'
import type { OutlierInput } from '../upstream-input.ts'
import type { News } from '../watch/news.ts'
import { ejectTarget, isEnforced } from './eject.ts'

export interface DetectorTools {
  readonly clock: Clock
  readonly news: News
  readonly random: () => number
}

export class OutlierDetector {
  readonly #settings: OutlierInput
  readonly #limits: OutlierLimits
  readonly #upstream: UpstreamState
  readonly #tools: DetectorTools
  readonly #at: { hosts: number; nowMs: number }

  constructor(settings: OutlierInput, upstream: UpstreamState, tools: DetectorTools) {
    this.#settings = settings
    this.#limits = makeLimits(settings)
    this.#upstream = upstream
    this.#tools = tools
    this.#at = { hosts: 0, nowMs: 0 }
  }

  /** The targets are now these. */
  setTargets(targets: readonly Target[]): void {
    this.#at.hosts = countHosts(targets)
  }

  answered(x: Exchange, target: Target): void {
    const state = target.state
    state.onConnected(this.#limits)
    const detected = state.onResponse(x.response.status, this.#limits)
    if (detected !== 0) this.#detect(target, detected)
  }

  failed(target: Target): void {
    const detected = target.state.onLocalFailure(this.#limits)
    if (detected !== 0) this.#detect(target, detected)
  }

  #detect(target: Target, detected: number): void {
    const settings = this.#settings
    if ((detected & DETECTED_5XX) !== 0)
      this.#judge(target, settings.enforcing_consecutive_5xx, 'consecutive_5xx')
    if ((detected & DETECTED_GATEWAY) !== 0)
      this.#judge(target, settings.enforcing_consecutive_gateway_failure, 'consecutive_gateway_failure')
    if ((detected & DETECTED_LOCAL) !== 0)
      this.#judge(
        target,
        settings.enforcing_consecutive_local_origin_failure,
        'consecutive_local_origin_failure',
      )
  }

  #judge(target: Target, enforcing: number, reason: string): void {
    if (target.state.isEjected) return
    this.#at.nowMs = this.#tools.clock.now()
    const isOut =
      isEnforced(enforcing, this.#tools.random()) &&
      ejectTarget(this.#upstream, target.state, this.#settings, this.#at)
    if (isOut) this.#tools.news.ejected(target, reason)
    else this.#tools.news.spared(target, reason, this.#at.nowMs)
  }
}

/** Those that could serve. */
export function countHosts(targets: readonly { readonly weight: number }[]): number {
  let hosts = 0
  for (let i = 0; i < targets.length; i++) if (targets[i]!.weight > 0) hosts++
  return hosts
}

function makeLimits(settings: OutlierInput): OutlierLimits {
  return {
    consecutive5xx: settings.consecutive_5xx,
    consecutiveGateway: settings.consecutive_gateway_failure,
    consecutiveLocal: settings.consecutive_local_origin_failure,
    splitLocal: settings.split_external_local_origin_errors,
  }
}

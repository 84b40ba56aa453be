/**
 * sweeper — outlier detection's part of the primary: once an interval it ends ejections whose time is up, and ejects
 * who did worse than the others over the interval. The runs of failures are the workers' to notice.
 */
import type { OutlierDetectionRecord, UpstreamEntity } from '../../config/model.ts'
import { ejectionMs, ejectTarget, isEnforced } from '../../flow/balancer/outliers/eject.ts'
import {
  failurePercentageOutliers,
  type IntervalCount,
  successRateOutliers,
} from '../../flow/balancer/outliers/sweep.ts'
import type { UpstreamState } from '../../state/upstream-state.ts'
import { addressText, type Log, type WatchedGroup, type WatchedTarget } from './group.ts'
import { Rhythm, type RhythmTools } from './rhythm.ts'

export interface SweeperOptions {
  readonly upstream: UpstreamEntity
  readonly settings: OutlierDetectionRecord
  readonly group: WatchedGroup
  readonly state: UpstreamState
  readonly tools: RhythmTools
  readonly log: Log
  readonly before: Sweeper | null
}

interface Counted extends IntervalCount {
  readonly target: WatchedTarget
}

export class Sweeper {
  readonly #options: SweeperOptions
  readonly #rhythm: Rhythm

  constructor(options: SweeperOptions) {
    const { settings, tools, before } = options
    const task = () => {
      this.sweep()
      return Promise.resolve()
    }
    this.#options = options
    this.#rhythm = new Rhythm(settings.interval * 1000, task, tools, before?.dueMs)
  }

  get dueMs(): number {
    return this.#rhythm.dueMs
  }

  close(): void {
    this.#rhythm.stop()
  }

  sweep(): void {
    const { settings, group, tools } = this.#options
    const nowMs = tools.now()
    const hosts = group.targets.filter(({ weight }) => weight > 0)
    this.#correct()
    const counted: Counted[] = []
    for (const target of hosts) {
      if (target.state.isEjected) this.#mayReturn(target, nowMs)
      else target.state.lowerMultiplier()
      const count = takeCount(target)
      if (!target.state.isEjected) counted.push(count)
    }
    const slow = successRateOutliers(counted, settings)
    this.#ejectAll(slow, hosts.length, { reason: 'success_rate', enforcing: settings.enforcing_success_rate })
    const failing = failurePercentageOutliers(counted, settings)
    const enforcing = settings.enforcing_failure_percentage
    this.#ejectAll(failing, hosts.length, { reason: 'failure_percentage', enforcing })
  }

  #mayReturn(target: WatchedTarget, nowMs: number): void {
    const { settings, state: upstream } = this.#options
    const { state } = target
    const lastedMs = nowMs - state.ejectedAtMs
    if (lastedMs < ejectionMs(settings, state.multiplier, state.ejectedAtMs) || !state.uneject(nowMs)) return
    upstream.giveEjection()
    this.#say('notice', 'a target is no longer ejected', target, { ejectedMs: Math.round(lastedMs) })
  }

  #ejectAll(outliers: readonly Counted[], hosts: number, rule: Rule): void {
    for (const count of outliers) if (!count.target.state.isEjected) this.#eject(count, hosts, rule)
  }

  #eject({ target, total, good }: Counted, hosts: number, { reason, enforcing }: Rule): void {
    const { settings, state, tools } = this.#options
    if (!isEnforced(enforcing, tools.random())) return
    if (!ejectTarget(state, target.state, settings, { hosts, nowMs: tools.now() })) return
    this.#say('warn', 'a target is ejected', target, { reason, requests: total, good })
  }

  /** A target that left while it was ejected, or a worker that died in between, leaves a wrong count. */
  #correct(): void {
    const { group, state: upstream } = this.#options
    const seen = upstream.ejected
    const ejected = group.targets.filter(({ state }) => state.isEjected).length
    if (seen !== ejected) upstream.correctEjections(seen, ejected)
  }

  #say(
    level: 'notice' | 'warn',
    message: string,
    target: WatchedTarget,
    more: Record<string, unknown>,
  ): void {
    const { upstream, log } = this.#options
    const address = addressText(target.address)
    log(level, message, { upstream: upstream.name, target: target.name, address, ...more })
  }
}

interface Rule {
  readonly reason: string
  /** Percent of the cases in which it is acted upon. */
  readonly enforcing: number
}

function takeCount(target: WatchedTarget): Counted {
  const { state } = target
  state.takeInterval()
  return { target, total: state.intervalTotal, good: state.intervalGood }
}

/**
 * prober — the active checks of one upstream: at one rhythm its healthy targets, at another the unhealthy ones.
 *
 * A round asks every address of that state, `concurrency` of them at once and all upstreams together no more than the
 * gate lets through. A round that outlasts its interval delays the next.
 */
import type { UpstreamEntity } from '../../config/model.ts'
import type { CheckLimits } from '../../state/target-state.ts'
import type { Gate } from './gate.ts'
import { addressText, type Log, type WatchedGroup, type WatchedTarget } from './group.ts'
import { describe, judge, limitsOf, report } from './judge.ts'
import type { Probe, ProbeResult } from './probe/probe.ts'
import { Rhythm, type RhythmTools } from './rhythm.ts'

export interface ProberOptions {
  readonly upstream: UpstreamEntity
  readonly group: WatchedGroup
  readonly probe: Probe
  readonly gate: Gate
  readonly tools: RhythmTools
  readonly log: Log
  /** The prober whose place this one takes: its rhythm goes on. */
  readonly before: Prober | null
}

export class Prober {
  readonly #options: ProberOptions
  readonly #limits: CheckLimits
  readonly #healthy: Rhythm | null
  readonly #unhealthy: Rhythm | null
  #isClosed: boolean

  constructor(options: ProberOptions) {
    const { healthy, unhealthy } = options.upstream.healthchecks.active
    this.#options = options
    this.#limits = limitsOf(options.upstream.healthchecks.active)
    this.#isClosed = false
    this.#healthy = this.#rhythm(healthy.interval, true, options.before?.dueMs(true))
    this.#unhealthy = this.#rhythm(unhealthy.interval, false, options.before?.dueMs(false))
  }

  /** When the next round of healthy or unhealthy targets is due; NaN: never. */
  dueMs(ofHealthy: boolean): number {
    return (ofHealthy ? this.#healthy : this.#unhealthy)?.dueMs ?? Number.NaN
  }

  close(): void {
    this.#isClosed = true
    this.#healthy?.stop()
    this.#unhealthy?.stop()
  }

  #rhythm(intervalS: number, ofHealthy: boolean, dueMs: number | undefined): Rhythm | null {
    if (intervalS <= 0) return null
    return new Rhythm(intervalS * 1000, () => this.#round(ofHealthy), this.#options.tools, dueMs)
  }

  async #round(ofHealthy: boolean): Promise<void> {
    const { group, upstream } = this.#options
    const line = group.targets.filter((target) => isDue(target, ofHealthy)).reverse()
    const lanes = Math.min(upstream.healthchecks.active.concurrency, line.length)
    await Promise.all(Array.from({ length: lanes }, () => this.#lane(line, ofHealthy)))
  }

  async #lane(line: WatchedTarget[], ofHealthy: boolean): Promise<void> {
    for (let target = line.pop(); target !== undefined; target = line.pop()) {
      const next = target
      await this.#options.gate.pass(() => this.#ask(next, ofHealthy))
    }
  }

  async #ask(target: WatchedTarget, ofHealthy: boolean): Promise<void> {
    // It may have left, or flipped, while it stood in line.
    if (!this.#isWatched(target) || !isDue(target, ofHealthy)) return
    const result = await this.#options.probe(target)
    // Once it has left, its row may be another's.
    if (this.#isWatched(target)) this.#conclude(target, result)
  }

  #isWatched(target: WatchedTarget): boolean {
    return !this.#isClosed && this.#options.group.targets.includes(target)
  }

  #conclude(target: WatchedTarget, result: ProbeResult): void {
    const { upstream, tools } = this.#options
    const { state } = target
    const nowMs = tools.now()
    const verdict = judge(result, upstream.healthchecks.active)
    if (report(verdict, state, this.#limits, nowMs))
      this.#say(target, describe(result), verdict === 'success')
    if (verdict === 'success' && !state.isUnhealthy) this.#readmit(target, nowMs)
  }

  #say(target: WatchedTarget, why: string, isHealthy: boolean): void {
    const { upstream, log } = this.#options
    const fields = { upstream: upstream.name, target: target.name, address: addressText(target.address), why }
    if (isHealthy) log('notice', 'a target is healthy again', fields)
    else log('warn', 'a target is unhealthy and gets no more traffic', fields)
  }

  #readmit(target: WatchedTarget, nowMs: number): void {
    const { upstream, group, log } = this.#options
    const { outlier_detection: outliers } = upstream
    if (outliers?.successful_active_health_check_uneject_host !== true || !target.state.isEjected) return
    if (!target.state.uneject(nowMs)) return
    group.state?.giveEjection()
    log('notice', 'a target is no longer ejected: its health check succeeded', {
      upstream: upstream.name,
      target: target.name,
      address: addressText(target.address),
    })
  }
}

function isDue(target: WatchedTarget, ofHealthy: boolean): boolean {
  return target.weight > 0 && target.state.isUnhealthy !== ofHealthy
}

/** news — what operators are told of one upstream's targets and circuit, by whoever brought the change about. */
import type { Host } from '../../../contract/plugin.ts'
import type { Target } from '../../../contract/target.ts'
import { isSocketPath } from '../host-port.ts'

export class News {
  readonly #upstream: string
  readonly #log: Host['log']
  /** When `spared` was last said. */
  #sparedMs: number

  constructor(upstream: string, log: Host['log']) {
    this.#upstream = upstream
    this.#log = log
    this.#sparedMs = Number.NEGATIVE_INFINITY
  }

  unhealthy(target: Target): void {
    this.#say('warn', 'a target is unhealthy: its answers to traffic say so', target)
  }

  healthy(target: Target): void {
    this.#say('warn', 'a target is healthy again: its answers to traffic say so', target)
  }

  ejected(target: Target, reason: string): void {
    this.#say('warn', 'a target is ejected', target, { reason, times: target.state.multiplier })
  }

  /**
   * The reason holds, but the outlier detection does not enforce it, or too many are ejected. Once a second: it goes on
   * as long as the failures do, and a worker's log takes a bounded number of records.
   */
  spared(target: Target, reason: string, nowMs: number): void {
    if (nowMs - this.#sparedMs < 1000) return
    this.#sparedMs = nowMs
    this.#say('info', 'a target would be ejected', target, { reason })
  }

  opened(forMs: number): void {
    this.#log('warn', 'a circuit has opened', { upstream: this.#upstream, forMs: Math.ceil(forMs) })
  }

  closed(): void {
    this.#log('warn', 'a circuit has closed again', { upstream: this.#upstream })
  }

  /** `count`: since this was last said. */
  refused(why: string, count: number): void {
    this.#log('warn', 'an upstream refuses requests', { upstream: this.#upstream, why, count })
  }

  #say(level: 'info' | 'warn', message: string, target: Target, more: Record<string, unknown> = {}): void {
    const { ip, port } = target.address
    const address = isSocketPath(ip) ? ip : `${ip.includes(':') ? `[${ip}]` : ip}:${port}`
    this.#log(level, message, { upstream: this.#upstream, target: target.name, address, ...more })
  }
}

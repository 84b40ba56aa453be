/** Fixed windows, counted on this machine: exact over all workers. HOT: `ask` runs once a limited request. */
import type { Exchange } from '../../contract/exchange.ts'
import type { Verdict } from '../../contract/plugin.ts'
import { FixedWindows } from '../../state/fixed-windows.ts'
import type { Gate, Limiter } from './gate.ts'

export class LocalWindows implements Limiter {
  readonly #gate: Gate
  readonly #windows: FixedWindows

  constructor(gate: Gate) {
    this.#gate = gate
    this.#windows = new FixedWindows(gate.host.shared.limits)
  }

  ask(x: Exchange): Verdict {
    const gate = this.#gate
    const nowMs = gate.host.now()
    const tier = gate.enter(x, nowMs)
    const ask = tier.set.ask
    const cost = gate.cost.of(x)
    const stop = this.#windows.take(gate.identity.key, ask, cost, (nowMs / 1000) | 0)
    return gate.settleWindows(x, tier, cost, stop)
  }

  charge(x: Exchange, cost: number): void {
    const nowMs = this.#gate.host.now()
    const tier = this.#gate.enter(x, nowMs)
    if (!this.#gate.recall(x)) return
    this.#windows.add(this.#gate.identity.key, tier.set.ask, cost, (nowMs / 1000) | 0)
  }

  close(): void {}
}

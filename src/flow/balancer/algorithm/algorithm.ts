/** algorithm — how one target is chosen among those of a balancer; Kong's four and least-request, a file each. */
import type { Exchange } from '../../../contract/exchange.ts'
import type { Target } from '../../../contract/target.ts'

export interface Algorithm {
  /** The targets are now these; `place` of each is its index. Called before the first pick. */
  build(targets: readonly Target[]): void
  /** Null when no target is usable. Does not count. */
  pick(x: Exchange): Target | null
  /** `target` was picked: its inFlight has just gone up. */
  taken(target: Target): void
  /**
   * A try with `target` is over: its inFlight has just gone down. The target may have left the set. `isFailed`: by its
   * own fault.
   */
  over(x: Exchange, target: Target, isFailed: boolean): void
}

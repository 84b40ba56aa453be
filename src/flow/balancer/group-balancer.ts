/**
 * group-balancer — the balancer of one service: its targets, the algorithm over them, and what is under way.
 *
 * WHAT    pick:      gate (circuit, max_requests) ─▶ share (threshold, panic) ─▶ algorithm ─▶ target
 *                      └────────── refused ────────────┴─▶ the fallback's pick, else `refusal`
 *         answered:  the head judges the target: gate, passive checks, outlier detection
 *         done:      gives back what the try held, and judges how it ended
 *         Each part but the algorithm is null where the upstream does not ask for it. A target that a fallback gave is
 *         judged by the balancer that owns it. `targets` follows the names behind it.
 *
 * WRITES  The worker whose plan holds it; the parts write the shared state of targets and upstream.
 *
 * HOT     `pick`, `answered` and `done` run once a try.
 */
import { type Fault, faults } from '../../base/faults.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { Balancer } from '../../contract/plan.ts'
import { HOLDS_RETRY, type Names, type Target, type TargetOwner } from '../../contract/target.ts'
import type { UpstreamState } from '../../state/upstream-state.ts'
import type { Addresses } from './addresses.ts'
import type { Algorithm } from './algorithm/algorithm.ts'
import type { UpstreamGate } from './circuit/upstream-gate.ts'
import type { OutlierDetector } from './outliers/outlier-detector.ts'
import type { UpstreamRow } from './rows/upstream-row.ts'
import { kindOf, SAYS_NOTHING } from './watch/fault-kind.ts'
import type { PassiveChecks } from './watch/passive-checks.ts'
import type { UsableShare } from './watch/usable-share.ts'

export interface GroupParts {
  readonly addresses: Addresses
  readonly algorithm: Algorithm
  /** The algorithm compares what is under way in all workers. */
  readonly sharesLoad: boolean
  readonly row: UpstreamRow | null
  readonly gate: UpstreamGate | null
  readonly share: UsableShare | null
  readonly passive: PassiveChecks | null
  readonly outliers: OutlierDetector | null
  readonly fallback: GroupBalancer | null
}

export class GroupBalancer implements Balancer, TargetOwner {
  targets: readonly Target[]
  unresolved: boolean
  refusal: Fault
  readonly #parts: GroupParts
  readonly #algorithm: Algorithm
  readonly #sharesLoad: boolean
  readonly #gate: UpstreamGate | null
  readonly #share: UsableShare | null
  readonly #passive: PassiveChecks | null
  readonly #outliers: OutlierDetector | null
  readonly #fallback: GroupBalancer | null
  readonly #unwatch: (() => void)[]

  constructor(parts: GroupParts, names: Names) {
    this.targets = []
    this.unresolved = false
    this.refusal = faults.NONE
    this.#parts = parts
    this.#algorithm = parts.algorithm
    this.#sharesLoad = parts.sharesLoad
    this.#gate = parts.gate
    this.#share = parts.share
    this.#passive = parts.passive
    this.#outliers = parts.outliers
    this.#fallback = parts.fallback
    this.#unwatch = []
    this.#follow(names)
    this.#refresh()
  }

  /** What all threads know of the upstream; null where nothing needs it. */
  get upstream(): UpstreamState | null {
    return this.#parts.row === null ? null : this.#parts.row.state
  }

  pick(x: Exchange): Target | null {
    const gate = this.#gate
    if (gate !== null) {
      const refusal = gate.enter(x)
      if (refusal !== faults.NONE) return this.#serveElsewhere(x, refusal)
    }
    const isEnough = this.#share === null || this.#share.isEnough(this.targets)
    const target = isEnough ? this.#algorithm.pick(x) : null
    if (target === null) {
      if (gate !== null) gate.leave(x)
      return this.#serveElsewhere(x, this.unresolved ? faults.NAME_UNRESOLVED : faults.TARGET_NONE)
    }
    target.inFlight++
    if (this.#sharesLoad) target.state.begin()
    this.#algorithm.taken(target)
    return target
  }

  #serveElsewhere(x: Exchange, refusal: Fault): Target | null {
    const target = this.#fallback === null ? null : this.#fallback.pick(x)
    if (target !== null) return target
    this.refusal = refusal
    if (refusal === faults.CIRCUIT_OPEN || refusal === faults.UPSTREAM_OVERFLOW) this.#gate!.tell(x, refusal)
    return null
  }

  answered(x: Exchange, target: Target): void {
    target.owner!.judge(x, target)
  }

  judge(x: Exchange, target: Target): void {
    if (this.#gate !== null) this.#gate.answered(x)
    if (this.#passive !== null) this.#passive.answered(x, target)
    if (this.#outliers !== null) this.#outliers.answered(x, target)
  }

  done(x: Exchange, target: Target, fault: Fault): void {
    if ((x.holds & HOLDS_RETRY) !== 0) this.#gate!.giveRetry(x)
    target.owner!.over(x, target, fault)
  }

  over(x: Exchange, target: Target, fault: Fault): void {
    const kind = fault === faults.NONE ? SAYS_NOTHING : kindOf(x, fault)
    if (this.#gate !== null) this.#gate.left(x, kind, fault === faults.NONE)
    x.holds = 0
    if (kind !== SAYS_NOTHING) {
      if (this.#passive !== null) this.#passive.failed(target, kind)
      if (this.#outliers !== null) this.#outliers.failed(target)
    }
    target.inFlight--
    if (this.#sharesLoad) target.state.end()
    this.#algorithm.over(x, target, kind !== SAYS_NOTHING)
    if (target.place < 0) this.#parts.addresses.release(target)
  }

  takeRetry(x: Exchange): boolean {
    return this.#gate === null || this.#gate.takeRetry(x)
  }

  dropRetry(x: Exchange): void {
    if ((x.holds & HOLDS_RETRY) !== 0) this.#gate!.giveRetry(x)
  }

  /** Its plan has died with its last exchange. */
  close(): void {
    for (let i = 0; i < this.#unwatch.length; i++) this.#unwatch[i]!()
    this.#unwatch.length = 0
    this.#parts.addresses.close()
    if (this.#parts.row !== null) this.#parts.row.release()
    if (this.#fallback !== null) this.#fallback.close()
  }

  #follow(names: Names): void {
    const changed = this.#refresh.bind(this)
    const watched = this.#parts.addresses.names()
    for (let i = 0; i < watched.length; i++) this.#unwatch.push(names.watch(watched[i]!, changed))
  }

  #refresh(): void {
    const before = this.targets
    this.targets = this.#parts.addresses.current()
    this.unresolved = this.#parts.addresses.unresolved
    for (let i = 0; i < before.length; i++) before[i]!.place = -1
    for (let i = 0; i < this.targets.length; i++) this.#adopt(this.targets[i]!, i)
    if (this.#share !== null) this.#share.reset()
    if (this.#outliers !== null) this.#outliers.setTargets(this.targets)
    this.#algorithm.build(this.targets)
  }

  #adopt(target: Target, place: number): void {
    target.place = place
    target.owner = this
    target.ignoresHealth = false
    target.limits = this.#gate?.limitsConnections === true ? this.#gate : null
  }
}

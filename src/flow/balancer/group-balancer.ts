/**
 * group-balancer — the balancer of one service: its targets, the algorithm over them, and what is under way.
 *
 * WHAT    `targets` follows the names behind it; `pick` and `done` keep each target's inFlight. `done` is the one
 *         place where the outcome of a try arrives.
 *
 * WRITES  The worker whose plan holds it.
 *
 * HOT     `pick` and `done` run once a try.
 */
import type { Exchange } from '../../contract/exchange.ts'
import type { Balancer } from '../../contract/plan.ts'
import type { Names, Target } from '../../contract/target.ts'
import type { Addresses } from './addresses.ts'
import type { Algorithm } from './algorithm/algorithm.ts'

export class GroupBalancer implements Balancer {
  targets: readonly Target[]
  unresolved: boolean
  readonly #addresses: Addresses
  readonly #algorithm: Algorithm
  readonly #unwatch: (() => void)[]

  constructor(addresses: Addresses, algorithm: Algorithm, names: Names) {
    this.#addresses = addresses
    this.#algorithm = algorithm
    this.targets = []
    this.unresolved = false
    this.#unwatch = []
    this.#follow(names)
    this.#refresh()
  }

  pick(x: Exchange): Target | null {
    const target = this.#algorithm.pick(x)
    if (target === null) return null
    target.inFlight++
    this.#algorithm.taken(target)
    return target
  }

  done(x: Exchange, target: Target, ok: boolean): void {
    target.inFlight--
    this.#algorithm.over(x, target, ok)
  }

  close(): void {
    for (let i = 0; i < this.#unwatch.length; i++) this.#unwatch[i]!()
    this.#unwatch.length = 0
  }

  #follow(names: Names): void {
    const changed = this.#refresh.bind(this)
    const watched = this.#addresses.names()
    for (let i = 0; i < watched.length; i++) this.#unwatch.push(names.watch(watched[i]!, changed))
  }

  #refresh(): void {
    const before = this.targets
    this.targets = this.#addresses.current()
    this.unresolved = this.#addresses.unresolved
    for (let i = 0; i < before.length; i++) before[i]!.place = -1
    for (let i = 0; i < this.targets.length; i++) this.targets[i]!.place = i
    this.#algorithm.build(this.targets)
  }
}

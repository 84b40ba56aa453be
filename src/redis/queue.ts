/**
 * queue — what was asked in this turn, or while the first connection is being made, until it becomes commands: one,
 * unless it is too much; in a cluster one for each name.
 */
import type { Check, Push } from '../contract/machine/redis.ts'
import { BATCH_MAX, Batch, PushedPart } from './batch.ts'

export class Queue {
  readonly #isCluster: boolean
  readonly #checks: Check[]
  readonly #pushes: Push[]

  constructor(isCluster: boolean) {
    this.#isCluster = isCluster
    this.#checks = []
    this.#pushes = []
  }

  addCheck(check: Check): void {
    check.isPending = true
    this.#checks.push(check)
  }

  addPush(push: Push): void {
    push.isPending = true
    this.#pushes.push(push)
  }

  /** Empties it. */
  take(): Batch[] {
    const cut = new Cut(this.#isCluster)
    for (let i = 0; i < this.#checks.length; i++) cut.batchFor(this.#checks[i]!.name).add(this.#checks[i]!)
    for (let i = 0; i < this.#pushes.length; i++) cutPush(this.#pushes[i]!, this.#isCluster, cut.all)
    this.#checks.length = 0
    this.#pushes.length = 0
    return cut.all
  }
}

class Cut {
  readonly all: Batch[]
  readonly #byName: Map<string, Batch> | null
  #last: Batch | null

  constructor(isInCluster: boolean) {
    this.all = []
    this.#byName = isInCluster ? new Map() : null
    this.#last = null
  }

  batchFor(name: string): Batch {
    const open = this.#byName === null ? this.#last : (this.#byName.get(name) ?? null)
    if (open !== null && open.size < BATCH_MAX) return open
    const batch = new Batch(this.#byName !== null)
    this.all.push(batch)
    if (this.#byName === null) this.#last = batch
    else this.#byName.set(name, batch)
    return batch
  }
}

/** Adds the commands of a Push to `batches`. */
function cutPush(push: Push, isInCluster: boolean, batches: Batch[]): void {
  const part = new PushedPart(push)
  const cut = new Cut(isInCluster)
  push.totals.length = 0
  for (let i = 0; i < push.keys.length; i++) {
    push.totals.push(Number.NaN)
    cut.batchFor(push.names[i]!).addPushed(part, i)
  }
  part.batches = cut.all.length
  for (const batch of cut.all) batches.push(batch)
}

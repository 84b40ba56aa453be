/** cut — how a turn's checks become commands: one, unless they are too many; in a cluster one for each name. */
import type { Push } from '../contract/redis.ts'
import { BATCH_MAX, Batch, PushedPart } from './batch.ts'

export class Cut {
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
export function cutPush(push: Push, isInCluster: boolean, batches: Batch[]): void {
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

/** watched-upstream — one upstream in the primary: its group, and what checks it at work. */
import type { TargetEntity, UpstreamEntity } from '../../config/model.ts'
import type { WatchedGroup } from './group.ts'
import type { Prober } from './prober.ts'
import type { Sweeper } from './sweeper.ts'

export class WatchedUpstream {
  readonly upstream: UpstreamEntity
  readonly configured: readonly TargetEntity[]
  readonly #build: () => WatchedGroup
  #group: WatchedGroup | null
  prober: Prober | null
  sweeper: Sweeper | null

  constructor(
    upstream: UpstreamEntity,
    configured: readonly TargetEntity[],
    build: (upstream: UpstreamEntity, configured: readonly TargetEntity[]) => WatchedGroup,
  ) {
    this.upstream = upstream
    this.configured = configured
    this.#build = () => build(upstream, configured)
    this.#group = null
    this.prober = null
    this.sweeper = null
  }

  /** Built when first asked for: an upstream that nobody checks and nobody looks at costs nothing. */
  get group(): WatchedGroup {
    this.#group ??= this.#build()
    return this.#group
  }

  close(): void {
    this.prober?.close()
    this.sweeper?.close()
    this.#group?.close()
    this.#group = null
  }
}

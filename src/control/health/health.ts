/**
 * health — watches the targets of all upstreams, in the primary: probes them, ends and starts ejections, shows them.
 *
 *     load(config) ──▶ a group an upstream ──▶ prober   (healthchecks.active)
 *                        follows DNS       └─▶ sweeper  (outlier_detection)
 *
 * What is found goes into the shared rows of the targets, where all workers see it at once. On a reload the new groups
 * claim their rows before the old ones release theirs, so that what is known of a target that stays is kept.
 */
import type { Config, TargetEntity, UpstreamEntity } from '../../config/model.ts'
import type { Names } from '../../contract/target.ts'
import type { KeyPair } from '../../contract/tls.ts'
import { Gate } from './gate.ts'
import type { Log, WatchedGroup } from './group.ts'
import { balancerHealth, isChecked, targetsHealth } from './health-view.ts'
import { hasActiveChecks, makeProbe } from './make-probe.ts'
import { Prober } from './prober.ts'
import type { RhythmTools } from './rhythm.ts'
import { Sweeper } from './sweeper.ts'
import { WatchedUpstream } from './watched-upstream.ts'

/** Probes under way at most, of all upstreams together. */
const PROBES_MAX = 256

export interface HealthTools extends RhythmTools {
  readonly nodeId: string
  /** Who may sign the certificates of targets, in PEM; empty: those that Node trusts. */
  readonly trusted: readonly string[]
  /** What probes show to targets that ask for a certificate, where the configuration names none. */
  readonly certificate: KeyPair | null
  readonly names: Names
  readonly log: Log
  build(upstream: UpstreamEntity, targets: readonly TargetEntity[]): WatchedGroup
}

export class Health {
  readonly #tools: HealthTools
  readonly #gate: Gate
  #watched: Map<string, WatchedUpstream>

  constructor(tools: HealthTools) {
    this.#tools = tools
    this.#gate = new Gate(PROBES_MAX)
    this.#watched = new Map()
  }

  /** From now on watches the upstreams of `config`, and no others. When it throws nothing has changed. */
  load(config: Config): void {
    const before = this.#watched
    const after = watchAll(config, this.#tools.build)
    try {
      for (const [id, watched] of after) this.#work(watched, before.get(id), config)
    } catch (cause) {
      for (const watched of after.values()) watched.close()
      throw cause
    }
    this.#watched = after
    for (const watched of before.values()) watched.close()
  }

  close(): void {
    for (const watched of this.#watched.values()) watched.close()
    this.#watched.clear()
  }

  get upstreams(): Iterable<WatchedUpstream> {
    return this.#watched.values()
  }

  /** Kong's answer for /upstreams/{name or id}/health; null when there is no such upstream. */
  show(nameOrId: string, ofBalancer: boolean): object | null {
    const watched = this.#find(nameOrId)
    if (watched === null) return null
    const { upstream, configured, group } = watched
    const seen = { upstream, configured, targets: group.targets, names: this.#tools.names }
    return ofBalancer ? balancerHealth(seen, this.#tools.nodeId) : targetsHealth(seen, this.#tools.nodeId)
  }

  #find(nameOrId: string): WatchedUpstream | null {
    const byId = this.#watched.get(nameOrId)
    if (byId !== undefined) return byId
    for (const watched of this.#watched.values()) if (watched.upstream.name === nameOrId) return watched
    return null
  }

  #work(watched: WatchedUpstream, before: WatchedUpstream | undefined, config: Config): void {
    const { upstream } = watched
    const { outlier_detection: settings } = upstream
    if (before !== undefined) pardon(watched, before.upstream, this.#tools.now())
    // Watched or not, what traffic has found out is to outlive the worker that found it: somebody holds the rows.
    if (!isChecked(upstream) && upstream.circuit_breaker === null) return
    const { group } = watched
    const own = { upstream, group, tools: this.#tools, log: this.#tools.log }
    if (hasActiveChecks(upstream)) {
      const { trusted, certificate } = this.#tools
      const rest = {
        gate: this.#gate,
        probe: makeProbe(upstream, { config, trusted, certificate }),
        before: before?.prober ?? null,
      }
      watched.prober = new Prober({ ...own, ...rest })
    }
    if (settings !== null && group.state !== null) {
      const rest = { settings, state: group.state, before: before?.sweeper ?? null }
      watched.sweeper = new Sweeper({ ...own, ...rest })
    }
  }
}

type Build = HealthTools['build']

/** By the upstreams' ids. */
function watchAll({ upstreams, targets }: Config, build: Build): Map<string, WatchedUpstream> {
  const configured = new Map<string, TargetEntity[]>(upstreams.map(({ id }) => [id, []]))
  for (const target of targets) configured.get(target.upstream)?.push(target)
  return new Map(
    upstreams.map((upstream) => [
      upstream.id,
      new WatchedUpstream(upstream, configured.get(upstream.id) ?? [], build),
    ]),
  )
}

/** What no check of the new configuration could undo ends with the check that did it. */
function pardon(watched: WatchedUpstream, before: UpstreamEntity, nowMs: number): void {
  const isUnchecked = isChecked(before) && !isChecked(watched.upstream)
  const isUnswept = before.outlier_detection !== null && watched.upstream.outlier_detection === null
  if (!isUnchecked && !isUnswept) return
  for (const { state } of watched.group.targets) {
    if (isUnchecked) state.setHealthy(true, nowMs)
    if (isUnswept && state.uneject(nowMs)) watched.group.state?.giveEjection()
  }
}

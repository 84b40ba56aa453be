/** health-source — opens what watches the targets, with balancers whose pools never connect, in the primary. */
import type { Environment } from '../../config/env/env.ts'
import type { Config } from '../../config/model.ts'
import type { Shared } from '../../contract/machine/shared-memory.ts'
import type { Log } from '../../control/health/group.ts'
import type { Health } from '../../control/health/health.ts'
import type { WatchedUpstream } from '../../control/health/watched-upstream.ts'
import type { NameTable } from '../../flow/balancer/name-table.ts'
import { callLater, openClock } from '../plane/clock.ts'
import { readClientCertificate } from '../plane/target-tls.ts'
import { readTrusted } from '../plane/trusted.ts'

export interface HealthOptions {
  readonly environment: Environment
  readonly nodeId: string
  /** The primary's. */
  readonly shared: Shared
  /** Kept up to date by whoever opens this. */
  readonly names: NameTable
  readonly log: Log
}

export class HealthSource {
  readonly #options: HealthOptions
  #health: Health | null
  #isClosed: boolean

  constructor(options: HealthOptions) {
    this.#options = options
    this.#health = null
    this.#isClosed = false
  }

  /** Never rejects: traffic goes on without checks, and the log says so. */
  async follow(config: Config): Promise<void> {
    if (this.#health === null && config.upstreams.length === 0) return
    try {
      this.#health ??= await this.#open()
      if (this.#isClosed) this.#health.close()
      else this.#health.load(config)
    } catch (cause) {
      const why = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
      this.#options.log('error', 'the targets are not watched as this configuration asks', { why })
    }
  }

  get upstreams(): Iterable<WatchedUpstream> {
    return this.#health?.upstreams ?? []
  }

  show(nameOrId: string, ofBalancer: boolean): object | null {
    return this.#health?.show(nameOrId, ofBalancer) ?? null
  }

  close(): void {
    this.#isClosed = true
    this.#health?.close()
  }

  /** Loaded when there is an upstream: the primary starts without balancers. */
  async #open(): Promise<Health> {
    const [{ Health }, { buildUpstream }, { makeTrialTools }] = await Promise.all([
      import('../../control/health/health.ts'),
      import('../../flow/balancer/build.ts'),
      import('./trial.ts'),
    ])
    const { environment, nodeId, shared, names, log } = this.#options
    const clock = openClock()
    const tools = { ...makeTrialTools(environment, new Map(), names), shared, clock }
    const now = () => {
      // No turn of a listener ends here, so each look is a new one.
      clock.turnEnded()
      return clock.now()
    }
    return new Health({
      nodeId,
      trusted: readTrusted(environment.trustedCertificates),
      certificate: readClientCertificate(environment),
      names,
      log,
      now,
      later: callLater,
      random: Math.random,
      build: (upstream, targets) => {
        now()
        // Nobody picks here: the cheapest algorithm will do.
        const balancer = buildUpstream({ ...upstream, algorithm: 'round-robin' }, targets, tools)
        return {
          get targets() {
            return balancer.targets
          },
          state: balancer.upstream,
          close: () => balancer.close(),
        }
      },
    })
  }
}

/** name-source — keeps the names of the running configuration resolved, and tells the workers of each change. */
import type { Environment } from '../../config/env/env.ts'
import type { Config } from '../../config/model.ts'
import { namesOf } from '../../control/dns/names-of.ts'
import type { Resolver } from '../../control/dns/resolver.ts'
import type { NameEntries } from '../workers/messages.ts'

/** How long a start or a reload waits for first answers; what comes later is sent on. */
const WAIT_MS = 1500

export class NameSource {
  readonly #environment: Environment
  readonly #changed: (entries: NameEntries) => void
  #resolver: Resolver | null = null

  constructor(environment: Environment, changed: (entries: NameEntries) => void) {
    this.#environment = environment
    this.#changed = changed
  }

  entries(): NameEntries {
    return [...(this.#resolver?.answers() ?? [])]
  }

  /** Resolves at once for a configuration of addresses only, else when all names have an answer or WAIT_MS is over. */
  async follow(config: Config): Promise<void> {
    const names = namesOf(config)
    if (names.length === 0 && this.#resolver === null) return
    this.#resolver ??= await this.#open()
    await this.#resolver.resolveAll(names, WAIT_MS)
    this.#resolver.keepOnly(names)
  }

  close(): void {
    this.#resolver?.close()
  }

  /** Loaded when a name first asks for it: a configuration of addresses starts without a resolver. */
  async #open(): Promise<Resolver> {
    const [{ RESOLVER_DEFAULTS, Resolver, realLater }, { LOOKUP_DEFAULTS, openLookups }] = await Promise.all([
      import('../../control/dns/resolver.ts'),
      import('../../control/dns/lookups.ts'),
    ])
    const { dnsOrder, dnsResolver, dnsValidTtlMs, dnsStaleTtlMs, dnsNotFoundTtlMs, dnsErrorTtlMs } =
      this.#environment
    return new Resolver({
      settings: {
        ...RESOLVER_DEFAULTS,
        order: dnsOrder,
        validTtlS: dnsValidTtlMs / 1000,
        staleTtlS: dnsStaleTtlMs / 1000,
        notFoundTtlS: dnsNotFoundTtlMs / 1000,
        errorTtlS: dnsErrorTtlMs / 1000,
      },
      lookups: openLookups({ ...LOOKUP_DEFAULTS, servers: dnsResolver }),
      now: () => performance.now(),
      later: realLater,
      onChange: (name, answers) => this.#changed([[name, answers]]),
    })
  }
}

/** measure — rounds of load against one or several URLs in turns: what each carries, and how long its answers take. */
import { type ClosedTool, closedTool, runClosedLoad } from '../closed-loop/run-closed-load.ts'
import type { OpenResult } from '../open-loop/load.ts'
import { runOpenLoad } from '../open-loop/run-open-load.ts'
import type { UrlOptions } from './options.ts'

/** Of what the first URL carries: busy, and not yet queueing for want of capacity. */
export const SHARE = 0.6
const WARM_UP_SECONDS = 1
const TIMEOUT_MS = 10_000
/** The system spreads the generator over what cores there are: whose they are is not known here. */
const ANY_CORE: readonly number[] = []

export interface UrlRound {
  /** Requests a second that a closed loop got; null where a rate was given. */
  readonly capacity: number | null
  readonly capacityErrors: number
  /** Asked for, a second. */
  readonly rate: number
  readonly latency: OpenResult
}

export interface UrlResult {
  readonly url: string
  /** Round i of one URL stands beside round i of the others. */
  readonly rounds: readonly UrlRound[]
}

interface Capacity {
  readonly requestsPerS: number
  readonly errors: number
}

export class UrlMeasurement {
  readonly #options: UrlOptions
  readonly #tell: (what: string) => void
  readonly #tool: ClosedTool | null

  /** Throws when capacity can't be measured here. */
  constructor(options: UrlOptions, tell: (what: string) => void) {
    this.#options = options
    this.#tell = tell
    this.#tool = options.rate === 0 ? closedTool(options.method) : null
  }

  async run(): Promise<UrlResult[]> {
    const { urls, rounds } = this.#options
    const found = urls.map((url) => ({ url, rounds: [] as UrlRound[] }))
    for (let round = 0; round < rounds; round++) {
      const capacities = new Map<string, Capacity>()
      // Who begins changes, so that what one leaves behind does not always meet the same other.
      const turns = found.map((_, i) => found[(i + round) % found.length]!)
      if (this.#tool !== null)
        for (const { url } of turns) capacities.set(url, await this.#capacity(url, round))
      const rate = this.#rateOf(capacities.get(urls[0]!))
      for (const one of turns) one.rounds.push(await this.#latency(one.url, { round, rate }, capacities))
    }
    return found
  }

  #rateOf(capacity: Capacity | undefined): number {
    if (capacity === undefined) return this.#options.rate
    return Math.max(1, Math.floor(capacity.requestsPerS * SHARE))
  }

  async #capacity(url: string, round: number): Promise<Capacity> {
    const { connections, seconds } = this.#options
    this.#tell(
      `${this.#roundName(round)}: what ${url} carries over ${connections} connections, by ${this.#tool}`,
    )
    const found = await runClosedLoad({ ...this.#requestsTo(url), connections, seconds }, ANY_CORE)
    if (found.requests === 0) throw new Error(`${url} answered no request of a closed loop`)
    return { requestsPerS: found.requests / found.seconds, errors: found.errors }
  }

  async #latency(
    url: string,
    { round, rate }: { round: number; rate: number },
    capacities: ReadonlyMap<string, Capacity>,
  ): Promise<UrlRound> {
    const { connections, seconds } = this.#options
    this.#tell(`${this.#roundName(round)}: how long ${url} takes at ${rate} requests a second`)
    const load = { rate, connections, seconds, warmUpSeconds: WARM_UP_SECONDS, timeoutMs: TIMEOUT_MS }
    const latency = await runOpenLoad({ ...this.#requestsTo(url), ...load }, ANY_CORE)
    const capacity = capacities.get(url)
    return {
      capacity: capacity?.requestsPerS ?? null,
      capacityErrors: capacity?.errors ?? 0,
      rate,
      latency,
    }
  }

  #roundName(round: number): string {
    return `round ${round + 1} of ${this.#options.rounds}`
  }

  #requestsTo(url: string) {
    const { origin, pathname, search } = new URL(url)
    const { method, fields, body } = this.#options
    const own = body.length > 0 ? { body: body.toString('base64') } : {}
    return { origin, method, paths: [pathname + search], fields, upload: body.length, ...own }
  }
}

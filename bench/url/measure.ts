/** measure — rounds of load against one or several URLs in turns: what each carries, and how long its answers take. */
import type { ClosedLoad, ClosedResult } from '../closed-loop/load-result.ts'
import { type ClosedTool, closedTool, runClosedLoad } from '../closed-loop/run-closed-load.ts'
import type { OpenLoad, OpenResult } from '../open-loop/load.ts'
import { runOpenLoad } from '../open-loop/run-open-load.ts'
import type { UrlOptions } from './options.ts'

/** Of what the first URL carries: busy, and not yet queueing for want of capacity. */
export const SHARE = 0.6
const WARM_UP_SECONDS = 1
/** Of the closed loop, once for each URL: what has just started is slow. */
const CLOSED_WARM_UP_SECONDS = 3
const TIMEOUT_MS = 10_000
/** The system spreads the generator over what cores there are: whose they are is not known here. */
const ANY_CORE: readonly number[] = []

export interface UrlRound {
  /** Requests a second that a closed loop got; null where a rate was given. */
  readonly capacity: number | null
  readonly capacityErrors: number
  /** Of the closed loop, as `ClosedResult` has it. */
  readonly closedLoopHistogram: string | null
  /** Asked for, a second. */
  readonly rate: number
  readonly latency: OpenResult
}

export interface UrlResult {
  readonly url: string
  /** Round i of one URL stands beside round i of the others. */
  readonly rounds: readonly UrlRound[]
}

/** Who sends. */
export interface Senders {
  closed(load: ClosedLoad, cores: readonly number[]): Promise<ClosedResult>
  open(load: OpenLoad, cores: readonly number[]): Promise<OpenResult>
}

const SENDERS: Senders = { closed: runClosedLoad, open: runOpenLoad }

/** One of the URLs; the same may be given twice, to see what chance does. */
interface Entry {
  readonly url: string
  readonly rounds: UrlRound[]
}

export class UrlMeasurement {
  readonly #options: UrlOptions
  readonly #tell: (what: string) => void
  readonly #senders: Senders
  readonly #tool: ClosedTool | null

  /** Throws when capacity can't be measured here. */
  constructor(options: UrlOptions, tell: (what: string) => void, senders = SENDERS) {
    this.#options = options
    this.#tell = tell
    this.#senders = senders
    this.#tool = options.rate === 0 ? closedTool(options.method) : null
  }

  async run(): Promise<UrlResult[]> {
    const { urls, rounds } = this.#options
    const found: Entry[] = urls.map((url) => ({ url, rounds: [] }))
    if (this.#tool !== null) for (const { url } of found) await this.#warmUp(url)
    let { rate } = this.#options
    for (let round = 0; round < rounds; round++) {
      const capacities = new Map<Entry, ClosedResult>()
      // Who begins changes, so that what one leaves behind does not always meet the same other.
      const turns = found.map((_, i) => found[(i + round) % found.length]!)
      if (this.#tool !== null)
        for (const one of turns) capacities.set(one, await this.#capacity(one.url, round))
      // One rate for all rounds, since their times are told as those of one.
      if (rate === 0) rate = Math.max(1, Math.floor(perSecond(capacities.get(found[0]!)!) * SHARE))
      for (const one of turns) {
        const latency = await this.#latency(one.url, { round, rate })
        one.rounds.push({ ...capacityOf(capacities.get(one)), rate, latency })
      }
    }
    return found
  }

  async #warmUp(url: string): Promise<void> {
    const { connections } = this.#options
    const seconds = Math.min(CLOSED_WARM_UP_SECONDS, this.#options.seconds)
    this.#tell(`${url} warms up`)
    await this.#senders.closed({ ...this.#requestsTo(url), connections, seconds }, ANY_CORE)
  }

  async #capacity(url: string, round: number): Promise<ClosedResult> {
    const { connections, seconds } = this.#options
    this.#tell(
      `${this.#roundName(round)}: what ${url} carries over ${connections} connections, by ${this.#tool}`,
    )
    const found = await this.#senders.closed({ ...this.#requestsTo(url), connections, seconds }, ANY_CORE)
    if (found.requests === 0) throw new Error(`${url} answered no request of a closed loop`)
    return found
  }

  async #latency(url: string, { round, rate }: { round: number; rate: number }): Promise<OpenResult> {
    const { connections, seconds } = this.#options
    this.#tell(`${this.#roundName(round)}: how long ${url} takes at ${rate} requests a second`)
    const load = { rate, connections, seconds, warmUpSeconds: WARM_UP_SECONDS, timeoutMs: TIMEOUT_MS }
    return await this.#senders.open({ ...this.#requestsTo(url), ...load }, ANY_CORE)
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

function perSecond({ requests, seconds }: ClosedResult): number {
  return requests / seconds
}

function capacityOf(
  found: ClosedResult | undefined,
): Pick<UrlRound, 'capacity' | 'capacityErrors' | 'closedLoopHistogram'> {
  if (found === undefined) return { capacity: null, capacityErrors: 0, closedLoopHistogram: null }
  const { errors, closedLoopHistogram } = found
  return { capacity: perSecond(found), capacityErrors: errors, closedLoopHistogram }
}

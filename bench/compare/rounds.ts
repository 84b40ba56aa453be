/**
 * rounds — the measurements of one scenario: subjects take turns, so that a machine that gets slower does so for all.
 *
 * A round measures each subject's capacity, and then each one's latency, at the same rate for all: a share of what the
 * reference carried in this very round. Who begins changes from round to round. A subject that ends under load is out.
 */
import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import { closedLoadOf } from '../closed-loop/closed-load.ts'
import type { ClosedLoad, ClosedResult } from '../closed-loop/load-result.ts'
import type { Scenario } from '../load/scenario.ts'
import type { Cores } from '../measure/cores.ts'
import type { Collected } from '../measure/gc-trace.ts'
import { cpuUs, memoryKb } from '../measure/proc.ts'
import { sharedCores } from '../measure/shared-cores.ts'
import { readTicks, stolenSince } from '../measure/stolen.ts'
import type { OpenLoad } from '../open-loop/load.ts'
import { runOpenLoad } from '../open-loop/run-open-load.ts'
import type { Capacity, HeapUse, Latency, Round, ScenarioResult } from '../report/result.ts'
import type { Subject } from './stage.ts'

const WARM_UP_SECONDS = 3
const OPEN_WARM_UP_SECONDS = 0.5
const TIMEOUT_MS = 10_000
const SHARED_CORE = 0.25
/** Of the time; a measurement in which the host took more is made again, whoever is measured. */
const STOLEN_MAX = 0.02
const TRIES = 4

export interface RoundsSettings {
  readonly rounds: number
  readonly seconds: number
  readonly cores: Cores
  runClosedLoad(load: ClosedLoad, cores: readonly number[]): Promise<ClosedResult>
  /** Told before each measurement. */
  progress(what: string): void
}

/** A measurement that could not be made; the name is the subject's. */
export class NotMeasured extends Error {
  override readonly name: string

  constructor(name: string, why: string) {
    super(why)
    this.name = name
  }
}

interface Plain<T> {
  readonly found: T
  readonly requests: number
}

interface Measured<T> extends Plain<T> {
  readonly stolen: number
  readonly gc: Collected | null
}

export class Rounds {
  readonly #scenario: Scenario
  readonly #subjects: readonly Subject[]
  readonly #settings: RoundsSettings

  constructor(scenario: Scenario, subjects: readonly Subject[], settings: RoundsSettings) {
    this.#scenario = scenario
    this.#subjects = subjects
    this.#settings = settings
  }

  async run(): Promise<ScenarioResult> {
    for (const subject of this.#subjects) {
      this.#settings.progress(`${subject.name} warms up`)
      await this.#settings.runClosedLoad(this.#closedLoad(subject, WARM_UP_SECONDS), this.#loadCores)
    }
    const rounds = new Map<string, Round[]>(this.#subjects.map(({ name }) => [name, []]))
    for (let i = 0; i < this.#settings.rounds; i++) await this.#round(i, rounds)
    const subjects = this.#subjects.map(({ name, version, cores }) => {
      return { name, version, gatewayCores: cores, rounds: rounds.get(name)! }
    })
    return { scenario: this.#scenario, subjects }
  }

  /**
   * Where origin and load share a core, a quarter of the scenario's share: above it the queue seen is that core's.
   * For a gateway it is more work than it sounds: requests that come one by one cost it twice those of a burst.
   */
  get #load(): number {
    const { origin, load } = this.#settings.cores
    return this.#scenario.load * (sharedCores(load, origin).length > 0 ? SHARED_CORE : 1)
  }

  get #loadCores(): readonly number[] {
    return this.#settings.cores.load
  }

  async #round(index: number, rounds: ReadonlyMap<string, Round[]>): Promise<void> {
    const inTurn = this.#subjects.map((_, i, all) => all[(i + index) % all.length]!)
    const of = `round ${index + 1} of ${this.#settings.rounds}`
    const capacities = new Map<Subject, Measured<Capacity>>()
    for (const subject of inTurn) {
      this.#settings.progress(`${of}: capacity of ${subject.name}`)
      capacities.set(subject, await this.#watch(subject, () => this.#capacity(subject)))
    }
    const first = capacities.get(this.#subjects[0]!)!.found
    const rate = Math.max(1, Math.round(first.requestsPerS * this.#load))
    for (const subject of inTurn) {
      this.#settings.progress(`${of}: latency of ${subject.name} at ${rate} requests/s`)
      const latency = await this.#watch(subject, () => this.#latency(subject, rate))
      const capacity = capacities.get(subject)!
      rounds.get(subject.name)!.push({
        capacity: capacity.found,
        latency: latency.found,
        memory: memoryKb(subject.child.pid),
        stolen: Math.max(capacity.stolen, latency.stolen),
        heap: heapUse(capacity, latency),
      })
    }
  }

  async #watch<T>(subject: Subject, measure: () => Promise<Plain<T>>): Promise<Measured<T>> {
    for (let tries = 1; ; tries++) {
      const mark = subject.gc?.mark()
      const before = readTicks()
      const { found, requests } = await measure().catch((cause: unknown) => {
        throw new NotMeasured(subject.name, cause instanceof Error ? cause.message : String(cause))
      })
      if (subject.child.isGone) throw new NotMeasured(subject.name, 'it ended under load')
      const stolen = stolenSince(before)
      if (stolen <= STOLEN_MAX || tries === TRIES)
        return { found, requests, stolen, gc: mark === undefined ? null : subject.gc!.since(mark) }
      this.#settings.progress(`once more: the host of this machine took ${percent(stolen)} of the time`)
    }
  }

  async #capacity(subject: Subject): Promise<Plain<Capacity>> {
    const before = cpuUs(subject.child.pid)
    const load = this.#closedLoad(subject, this.#settings.seconds)
    const { requests, seconds, errors } = await this.#settings.runClosedLoad(load, this.#loadCores)
    const us = cpuUs(subject.child.pid) - before
    const used = us / (seconds * 1e6 * Math.max(1, subject.cores.length))
    return { requests, found: { requestsPerS: requests / seconds, cpuUs: us / requests, used, errors } }
  }

  async #latency(subject: Subject, rate: number): Promise<Plain<Latency>> {
    const { seconds } = this.#settings
    const load = this.#openLoad(subject, rate)
    const before = cpuUs(subject.child.pid)
    const { requests, errors, busy, ...told } = await runOpenLoad(load, this.#loadCores)
    const used = cpuUs(subject.child.pid) - before
    const sent = requests * (1 + OPEN_WARM_UP_SECONDS / seconds)
    const of = decodeFromCompressedBase64(told.awake)
    const late = decodeFromCompressedBase64(told.awakeLateness)
    const found = {
      rate,
      requests,
      errors,
      cpuUs: used / sent,
      p50: of.getValueAtPercentile(50),
      p90: of.getValueAtPercentile(90),
      p99: of.getValueAtPercentile(99),
      p999: of.getValueAtPercentile(99.9),
      max: of.maxValue,
      lateP99: late.getValueAtPercentile(99),
      busy,
      unseen: 1 - of.totalCount / requests,
      histogram: told.awake,
    }
    return { requests: sent, found }
  }

  #closedLoad(subject: Subject, seconds: number): ClosedLoad {
    return closedLoadOf(this.#scenario, subject.port, seconds)
  }

  #openLoad(subject: Subject, rate: number): OpenLoad {
    const asked = this.#closedLoad(subject, this.#settings.seconds)
    return { ...asked, rate, warmUpSeconds: OPEN_WARM_UP_SECONDS, timeoutMs: TIMEOUT_MS }
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`
}

/** Of both measurements of a round. */
function heapUse(one: Measured<unknown>, other: Measured<unknown>): HeapUse | null {
  if (one.gc === null || other.gc === null) return null
  return {
    bytesPerRequest: (one.gc.allocatedBytes + other.gc.allocatedBytes) / (one.requests + other.requests),
    collections: one.gc.collections + other.gc.collections,
    longestPauseMs: Math.max(one.gc.longestPauseMs, other.gc.longestPauseMs),
    pausedMs: one.gc.pausedMs + other.gc.pausedMs,
  }
}

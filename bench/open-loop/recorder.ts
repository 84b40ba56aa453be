/** recorder — what became of the counted requests: how long they took, how late they were sent, and why they failed. */
import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'
import type { OpenLoad, OpenResult } from './load.ts'

const DIGITS = 3
/** Different reasons that are told in words; all are counted. */
const REASONS_MAX = 8

export class Recorder {
  readonly #timeoutUs: number
  readonly #times: Histogram
  readonly #lateness: Histogram
  readonly #awake: Histogram
  readonly #awakeLateness: Histogram
  readonly #reasons = new Map<string, number>()
  #requests = 0
  #workedUs = 0
  #elapsedUs = 0
  #errors = 0

  constructor({ timeoutMs }: Pick<OpenLoad, 'timeoutMs'>) {
    this.#timeoutUs = Math.max(2, Math.round(timeoutMs * 1000))
    this.#times = makeHistogram(this.#timeoutUs)
    this.#lateness = makeHistogram(this.#timeoutUs)
    this.#awake = makeHistogram(this.#timeoutUs)
    this.#awakeLateness = makeHistogram(this.#timeoutUs)
  }

  /** An answer has come whole. `isAwake`: the generator ran all the time since it was due. */
  answered(us: number, status: number, isAwake: boolean): void {
    this.#requests++
    this.#times.recordValue(this.#bounded(us))
    if (isAwake) this.#awake.recordValue(this.#bounded(us))
    if (status >= 400) this.#count(`status ${status}`)
  }

  /** No answer counts as the slowest there can be: a fast refusal must not look like a fast answer. */
  failed(reason: string): void {
    this.#requests++
    this.#times.recordValue(this.#timeoutUs)
    this.#awake.recordValue(this.#timeoutUs)
    this.#count(reason)
  }

  late(us: number, isAwake: boolean): void {
    this.#lateness.recordValue(this.#bounded(us))
    if (isAwake) this.#awakeLateness.recordValue(this.#bounded(us))
  }

  /** A turn of the loop has passed, with something done or not. */
  turned(us: number, hasWorked: boolean): void {
    this.#elapsedUs += us
    if (hasWorked) this.#workedUs += us
  }

  result(): OpenResult {
    return {
      requests: this.#requests,
      errors: this.#errors,
      errorSamples: [...this.#reasons].map(([reason, count]) => `${count} × ${reason}`),
      histogram: encodeIntoCompressedBase64(this.#times),
      busy: this.#elapsedUs === 0 ? 0 : this.#workedUs / this.#elapsedUs,
      lateness: encodeIntoCompressedBase64(this.#lateness),
      awake: encodeIntoCompressedBase64(this.#awake),
      awakeLateness: encodeIntoCompressedBase64(this.#awakeLateness),
    }
  }

  #count(reason: string): void {
    this.#errors++
    const count = this.#reasons.get(reason)
    if (count !== undefined) this.#reasons.set(reason, count + 1)
    else if (this.#reasons.size < REASONS_MAX) this.#reasons.set(reason, 1)
  }

  #bounded(us: number): number {
    return Math.min(this.#timeoutUs, Math.max(1, Math.round(us)))
  }
}

function makeHistogram(highestTrackableValue: number): Histogram {
  return build({ highestTrackableValue, numberOfSignificantValueDigits: DIGITS, autoResize: false })
}

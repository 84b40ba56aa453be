/** share — which part of the requests goes the other way now, from 0 to 1. */
import type { Host } from '../../contract/plugin.ts'
import type { Config } from './schema.ts'

const MS = 1000

export class Share {
  readonly #host: Host
  /** Not negative: it does not grow. */
  readonly #fixed: number
  readonly #startMs: number
  readonly #durationMs: number
  readonly #steps: number

  constructor(config: Pick<Config, 'percentage' | 'start' | 'duration' | 'steps'>, host: Host) {
    this.#host = host
    this.#fixed = fixedOf(config)
    this.#startMs = (config.start ?? 0) * MS
    this.#durationMs = config.duration * MS
    this.#steps = config.steps
  }

  now(): number {
    if (this.#fixed >= 0) return this.#fixed
    const passed = (this.#host.wall() - this.#startMs) / this.#durationMs
    if (passed <= 0) return 0
    return passed >= 1 ? 1 : Math.floor(passed * this.#steps) / this.#steps
  }
}

function fixedOf({ percentage, start }: Pick<Config, 'percentage' | 'start'>): number {
  if (percentage !== null) return percentage / 100
  return start === null ? 0 : -1
}

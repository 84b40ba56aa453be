/**
 * problem-log — what went wrong with one Redis, as lines for the operator: one a second at most, and never a secret.
 */
import type { RedisSettings } from '../contract/machine/redis.ts'

export type RedisLog = (level: 'info' | 'warn', message: string) => void

const EVERY_MS = 1000
const TEXT_MAX = 300

export class ProblemLog {
  readonly #place: string
  readonly #secrets: readonly string[]
  readonly #write: RedisLog
  #lastMs: number
  #held: number
  /** Since the start. */
  count: number

  constructor(settings: RedisSettings, write: RedisLog) {
    this.#place = placeOf(settings)
    this.#secrets = [settings.password, settings.sentinel_password].filter(
      (word): word is string => typeof word === 'string' && word !== '',
    )
    this.#write = write
    this.#lastMs = Number.NEGATIVE_INFINITY
    this.#held = 0
    this.count = 0
  }

  problem(text: string, nowMs: number): void {
    this.count++
    if (nowMs - this.#lastMs < EVERY_MS) {
      this.#held++
      return
    }
    const held = this.#held === 0 ? '' : ` (${this.#held} more problems since the last line)`
    this.#lastMs = nowMs
    this.#held = 0
    this.#write('warn', `redis ${this.#place}: ${this.#clean(text)}${held}`)
  }

  answersAgain(afterMs: number): void {
    this.#write('info', `redis ${this.#place}: answers again after ${Math.round(afterMs)} ms`)
  }

  /** Redis repeats the arguments of a command it does not know, and AUTH may be one. */
  #clean(text: string): string {
    let clean = text
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, '***')
    return clean.replace(/[\u0000-\u001f\u007f]+/g, ' ').slice(0, TEXT_MAX)
  }
}

function placeOf(settings: RedisSettings): string {
  const nodes = settings.cluster_nodes ?? []
  if (nodes.length > 0) return `cluster of ${nodes[0]!.host}:${nodes[0]!.port}`
  const master = settings.sentinel_master ?? ''
  if (master !== '') return `master ${master}`
  return `${settings.host}:${settings.port}`
}

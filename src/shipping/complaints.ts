/** complaints — what went wrong with one receiver, as lines for the operator: each kind once a minute, with a count. */

const EVERY_MS = 60_000
const TEXT_MAX = 300

type Level = 'info' | 'warn' | 'error'

interface Kind {
  saidMs: number
  /** Since the last line. */
  held: number
}

export interface ComplaintTools {
  now(): number
  log(level: Level, message: string): void
}

export class Complaints {
  readonly #name: string
  readonly #tools: ComplaintTools
  readonly #kinds = new Map<string, Kind>()
  #failures = 0
  #lost = 0
  /** A line was written since all was well: only then is it worth one that it is again. */
  #isTold = false

  constructor(name: string, tools: ComplaintTools) {
    this.#name = name
    this.#tools = tools
  }

  /** Counted, for the line that says that all is well again. */
  failed(): void {
    this.#failures++
  }

  /** It will be tried again. */
  trouble(reason: string): void {
    this.#say(
      'warn',
      'trouble',
      1,
      (count) => `cannot be sent: ${reason}${count > 1 ? ` (${count} times)` : ''}`,
    )
  }

  lost(count: number, why: string, reason: string): void {
    this.#lost += count
    this.#say(
      'error',
      why,
      count,
      (all) => `${all} ${all === 1 ? 'record' : 'records'} lost, ${why}: ${reason}`,
    )
  }

  isWell(): void {
    if (!this.#isTold || this.#failures === 0) return
    const lost = this.#lost === 0 ? '' : `; lost: ${this.#lost}`
    this.#tools.log('info', `${this.#name}: records are sent again, after ${this.#failures} failures${lost}`)
    this.#failures = 0
    this.#lost = 0
    this.#isTold = false
  }

  #say(level: Level, kind: string, count: number, text: (count: number) => string): void {
    const known = this.#kinds.get(kind)
    const nowMs = this.#tools.now()
    if (known !== undefined && nowMs - known.saidMs < EVERY_MS) {
      known.held += count
      return
    }
    this.#isTold = true
    this.#kinds.set(kind, { saidMs: nowMs, held: 0 })
    const words = clean(text(count + (known?.held ?? 0)))
    this.#tools.log(level, `${this.#name}: ${words}`)
  }
}

/** A receiver's words stay on one line. */
function clean(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]+/g, ' ').slice(0, TEXT_MAX)
}

/**
 * ring-pump — when the log thread looks into the rings: all the time while there is much, every POLL_MS while there is
 * something, and at a ring of the bell while there is nothing.
 *
 * LIMITS  A turn ends after TURN_MS, so that files, sockets and timers of sinks have theirs.
 */
import type { LogBell } from '../../../state/logs/log-bell.ts'
import type { RingSource } from './ring-source.ts'

const POLL_MS = 5
/** So many looks that found nothing, and it sleeps. */
const QUIET_POLLS = 4
const TURN_MS = 10
/** Of one ring, before the next one has its turn. */
const RECORDS_A_ROUND = 64

export class RingPump {
  readonly #sources: readonly RingSource[]
  readonly #bell: LogBell
  readonly #now: () => number
  #quiet = 0
  /** A turn will come by itself. */
  #isDue = false
  /** A wait for the bell is under way; it may be older than the sleep it ends. */
  #isListening = false
  #isSleeping = false

  constructor(sources: readonly RingSource[], bell: LogBell, now: () => number) {
    this.#sources = sources
    this.#bell = bell
    this.#now = now
  }

  /** Safe to call at any time. */
  readonly wake = (): void => {
    if (this.#isDue) return
    this.#isDue = true
    this.#isSleeping = false
    setImmediate(this.#run)
  }

  /** For whoever watches over the sleep. */
  look(): void {
    if (this.#isSleeping && this.#sources.some((source) => source.isDue)) this.wake()
  }

  /** All that is there, but at most until `untilMs`; for the end, when nobody writes any more. */
  drain(untilMs: number): boolean {
    while (this.#readOnce(untilMs) > 0) if (this.#now() >= untilMs) break
    return this.#sources.every((source) => source.reader.isEmpty)
  }

  readonly #run = (): void => {
    this.#isDue = false
    const untilMs = this.#now() + TURN_MS
    const count = this.#readOnce(untilMs)
    if (this.#sources.some((source) => source.isDue)) return this.wake()
    this.#quiet = count > 0 ? 0 : this.#quiet + 1
    if (this.#quiet < QUIET_POLLS) this.#poll()
    else this.#sleep()
  }

  #readOnce(untilMs: number): number {
    let all = 0
    let count: number
    do {
      count = 0
      for (const source of this.#sources) count += source.read(RECORDS_A_ROUND)
      all += count
    } while (count > 0 && this.#now() < untilMs)
    return all
  }

  #poll(): void {
    this.#isDue = true
    setTimeout(this.#run, POLL_MS)
  }

  #sleep(): void {
    this.#bell.prepareSleep()
    if (this.#sources.some((source) => source.isDue)) {
      this.#bell.stayAwake()
      return this.wake()
    }
    this.#isSleeping = true
    if (this.#isListening) return
    this.#isListening = true
    this.#bell.sleep(() => {
      this.#isListening = false
      this.#quiet = 0
      this.wake()
    })
  }
}

/**
 * The worker's clock: one reading per turn of the event loop, shared by all that happens in it.
 *
 * HOT     `now()` is called at every socket callback; only the first of a turn reads the real clock
 *         (40 ns), the rest a field. Whoever ends a turn (the flush) calls `turnEnded()`.
 */
export class Clock {
  readonly #read: () => number
  readonly #wall: () => number
  #nowMs: number
  #fresh: boolean

  /** `read`: monotonic milliseconds. `wall`: milliseconds since 1970. */
  constructor(read: () => number, wall: () => number) {
    this.#read = read
    this.#wall = wall
    this.#nowMs = 0
    this.#fresh = false
  }

  /** Monotonic milliseconds of this turn. */
  now(): number {
    if (!this.#fresh) {
      this.#nowMs = this.#read()
      this.#fresh = true
    }
    return this.#nowMs
  }

  /** The real clock, which is this turn's from here on. */
  nowAnew(): number {
    this.#fresh = false
    return this.now()
  }

  /** Milliseconds since 1970, for logs and headers. */
  wall(): number {
    return this.#wall()
  }

  turnEnded(): void {
    this.#fresh = false
  }
}

/** flow-timers — the time of a test, and what is to happen in it. */

/** Timers that run when a test lets time pass. */
export class FlowTimers {
  readonly now = { ms: 1000 }
  #due: { atMs: number; callback: () => void }[] = []

  get count(): number {
    return this.#due.length
  }
  readonly later = (ms: number, callback: () => void): (() => void) => {
    const timer = { atMs: this.now.ms + ms, callback }
    this.#due.push(timer)
    return () => {
      this.#due = this.#due.filter((other) => other !== timer)
    }
  }
  pass(ms: number): void {
    const untilMs = this.now.ms + ms
    for (;;) {
      const next = this.#due.toSorted((one, other) => one.atMs - other.atMs)[0]
      if (next === undefined || next.atMs > untilMs) break
      this.#due = this.#due.filter((other) => other !== next)
      this.now.ms = next.atMs
      next.callback()
    }
    this.now.ms = untilMs
  }
}

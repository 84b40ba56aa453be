/** fake-timers — a clock that stands until a test turns it, and calls what has become due on the way. */

interface Entry {
  readonly atMs: number
  readonly call: () => void
}

export class FakeTimers {
  #nowMs = 0
  #entries: Entry[] = []

  now(): number {
    return this.#nowMs
  }

  later(ms: number, call: () => void): () => void {
    const entry = { atMs: this.#nowMs + ms, call }
    this.#entries.push(entry)
    return () => {
      this.#entries = this.#entries.filter((each) => each !== entry)
    }
  }

  get waiting(): number {
    return this.#entries.length
  }

  /** Lets what the callbacks promise settle before time goes on. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    for (;;) {
      const due = this.#entries.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (due === undefined) break
      this.#entries = this.#entries.filter((each) => each !== due)
      this.#nowMs = Math.max(this.#nowMs, due.atMs)
      due.call()
      await settled()
    }
    this.#nowMs = untilMs
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

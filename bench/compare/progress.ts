/** What the bench does just now: one live line on a terminal, plain lines otherwise. */

export class Progress {
  readonly #isLive = process.stderr.isTTY === true
  readonly #startedMs = performance.now()

  tell(what: string): void {
    const line = `${String(Math.round((performance.now() - this.#startedMs) / 1000)).padStart(4)} s  ${what}`
    if (this.#isLive) process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`)
    else process.stderr.write(`${line}\n`)
  }

  /** Makes room for what is to stay. */
  clear(): void {
    if (this.#isLive) process.stderr.write('\r\x1b[K')
  }
}

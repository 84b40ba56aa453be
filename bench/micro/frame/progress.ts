/** progress — what is measured now, on stderr: a line that changes on a terminal, a line a group elsewhere. */
import { isatty } from 'node:tty'

const STDERR = 2
const ERASE_LINE = '\r\x1b[K'

export class Progress {
  readonly #isLive = isatty(STDERR)
  #group = ''

  group(name: string): void {
    this.#group = name
    if (!this.#isLive) process.stderr.write(`measuring ${name}\n`)
  }

  step(what: string): void {
    if (this.#isLive) process.stderr.write(`${ERASE_LINE}${this.#group}: ${what}`)
  }

  /** Before anything else is written. */
  clear(): void {
    if (this.#isLive) process.stderr.write(ERASE_LINE)
  }
}

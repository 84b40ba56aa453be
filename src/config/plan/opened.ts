/** What a plan holds open: handlers and balancers, to be closed once each when it dies or could not be finished. */
import type { Machine } from '../../contract/plugin.ts'

export interface Closable {
  close?(): void
}

export class Opened {
  readonly #parts: Closable[] = []
  readonly #host: Machine

  constructor(host: Machine) {
    this.#host = host
  }

  add(part: Closable): void {
    this.#parts.push(part)
  }

  /** All of them, even when one fails: a plan that is gone must not keep timers or sockets. Again: nothing. */
  close(): void {
    for (const part of this.#parts.splice(0)) {
      try {
        part.close?.()
      } catch (error) {
        this.#host.log('error', 'a part of an old plan did not close', { error: String(error) })
      }
    }
  }
}

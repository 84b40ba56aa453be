/** The time as access lines have it, put in words once a second. */
import type { Clock } from '../base/clock.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

export class LineTime {
  readonly #clock: Clock
  #bytes: Uint8Array
  /** When they are to be made anew, by the monotonic clock: within a turn it costs nothing. */
  #untilMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#bytes = new Uint8Array(0)
    this.#untilMs = -Infinity
  }

  /** What stands between user and request, of this second. */
  read(): Uint8Array {
    if (this.#clock.now() >= this.#untilMs) this.#renew()
    return this.#bytes
  }

  #renew(): void {
    const wallMs = this.#clock.wall()
    this.#bytes = Buffer.from(` [${timeOf(wallMs)}] "`, 'latin1')
    this.#untilMs = this.#clock.now() + 1000 - (wallMs % 1000)
  }
}

/** 22/Nov/2026:20:15:09 +0000, in UTC. */
function timeOf(wallMs: number): string {
  const date = new Date(wallMs)
  const two = (value: number): string => String(value).padStart(2, '0')
  return (
    `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:` +
    `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`
  )
}

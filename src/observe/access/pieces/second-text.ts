/** A time as access lines have it, put in words once a second. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

export class SecondText {
  readonly #words: (date: Date) => string
  #second: number
  #bytes: Uint8Array

  constructor(words: (date: Date) => string) {
    this.#words = words
    this.#second = -1
    this.#bytes = Buffer.alloc(0)
  }

  /** For milliseconds since 1970. */
  read(wallMs: number): Uint8Array {
    const second = Math.floor(wallMs / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#bytes = Buffer.from(this.#words(new Date(second * 1000)), 'latin1')
    }
    return this.#bytes
  }
}

/** 22/Nov/2026:20:15:09 +0000, in UTC. */
export function commonTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  return (
    `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:` +
    `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`
  )
}

/** 2026-11-22T20:15:09 */
export function isoTime(date: Date): string {
  return date.toISOString().slice(0, 19)
}

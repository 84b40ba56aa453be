/**
 * cookie-name — one cookie by its name (RFC 6265 §4.2), where it lies in the Cookie fields.
 *
 * HOT     `find` runs once a request for each cookie that a token may be in. No allocation.
 */
import { EQUALS, SP } from '../../http1/chars.ts'
import { type Head, STRIDE } from '../../http1/head.ts'
import { id } from '../../http1/names.ts'

const SEMICOLON = 59
const COOKIE = id.cookie

export class CookieName {
  /** Where the value is, once `find` has answered true. */
  start: number
  end: number
  readonly #name: Uint8Array

  constructor(name: string) {
    this.#name = Buffer.from(name, 'latin1')
    this.start = 0
    this.end = 0
  }

  /** The first of this name; of one that came twice the other is passed over. */
  find(head: Head): boolean {
    // HTTP/2 lets a client send each pair as a field of its own.
    for (let row = head.indexOf(COOKIE, 0); row >= 0; row = head.indexOf(COOKIE, row + 1))
      if (this.#findIn(head.bytes, head.spans[row * STRIDE + 2]!, head.spans[row * STRIDE + 3]!)) return true
    return false
  }

  #findIn(bytes: Uint8Array, start: number, end: number): boolean {
    for (let at = start; at < end; ) {
      while (at < end && bytes[at] === SP) at++
      let next = at
      while (next < end && bytes[next] !== SEMICOLON) next++
      const valueStart = at + this.#name.length + 1
      if (valueStart <= next && bytes[valueStart - 1] === EQUALS && this.#isAt(bytes, at)) {
        this.start = valueStart
        this.end = next
        return true
      }
      at = next + 1
    }
    return false
  }

  #isAt(bytes: Uint8Array, start: number): boolean {
    for (let i = 0; i < this.#name.length; i++) if (bytes[start + i] !== this.#name[i]) return false
    return true
  }
}

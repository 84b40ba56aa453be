/**
 * token-search — looks for tokens in all the places of a request where one may be: one token in two places is one.
 *
 * HOT     `find` runs once a request. A token is left where it lies; one in the query is decoded into memory that is
 *         made once.
 */
import type { Exchange } from '../../contract/exchange.ts'
import { findRow, getField } from '../../http1/fields.ts'
import { Argument, decodeArgument } from '../../http1/forms/argument.ts'
import { type Head, STRIDE } from '../../http1/head.ts'
import { bearerStart } from '../../identity/jose/bearer.ts'
import { TOKEN_BYTES_MAX } from '../../identity/jose/token.ts'
import { CookieName } from './cookie-name.ts'

export type Found = 0 | 1 | 2
export const NOTHING = 0
export const ONE = 1
/** Several that differ. */
export const SEVERAL = 2

/** As often an argument is looked at; who sends it more often counts as one who sends several tokens. */
const TIMES_MAX = 16

export interface SearchOptions {
  readonly arguments: readonly string[]
  readonly cookies: readonly string[]
  readonly headers: readonly string[]
}

export class TokenSearch {
  /** Where the token is, once `find` has answered ONE: at [start, end) of `bytes`. */
  bytes: Uint8Array
  start: number
  end: number
  #found: Found
  readonly #arguments: readonly Argument[]
  readonly #cookies: readonly CookieName[]
  readonly #headers: readonly string[]
  /** For a token in the query: the one that was found, and the one that is looked at. Changing places. */
  #held: Buffer
  #spare: Buffer

  constructor(options: SearchOptions) {
    this.#arguments = options.arguments.map((name) => new Argument(name))
    this.#cookies = options.cookies.map((name) => new CookieName(name))
    this.#headers = options.headers.map((name) => name.toLowerCase())
    // A byte more than a token may have, so that a longer one is not cut into one.
    const size = this.#arguments.length === 0 ? 0 : TOKEN_BYTES_MAX + 1
    this.#held = Buffer.allocUnsafe(size)
    this.#spare = Buffer.allocUnsafe(size)
    this.bytes = this.#held
    this.start = 0
    this.end = 0
    this.#found = NOTHING
  }

  find(x: Exchange): Found {
    const head = x.request
    this.#found = NOTHING
    if (head.pathEnd < head.targetEnd)
      for (let i = 0; i < this.#arguments.length; i++) this.#findArgument(this.#arguments[i]!, head)
    for (let i = 0; i < this.#cookies.length; i++) {
      const cookie = this.#cookies[i]!
      if (cookie.find(head)) this.#take(head.bytes, cookie.start, cookie.end)
    }
    for (let i = 0; i < this.#headers.length; i++) this.#findHeader(head, this.#headers[i]!)
    return this.#found
  }

  #take(bytes: Uint8Array, start: number, end: number): void {
    if (end <= start || this.#found === SEVERAL) return
    if (this.#found === ONE) {
      if (!this.#isSame(bytes, start, end)) this.#found = SEVERAL
      return
    }
    this.#found = ONE
    this.bytes = bytes
    this.start = start
    this.end = end
  }

  #isSame(bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start
    if (this.end - this.start !== length) return false
    for (let i = 0; i < length; i++) if (bytes[start + i] !== this.bytes[this.start + i]) return false
    return true
  }

  #findArgument(argument: Argument, head: Head): void {
    let at = head.pathEnd + 1
    for (let times = 0; argument.find(head.bytes, at, head.targetEnd) > 0; times++) {
      if (times === TIMES_MAX) this.#found = SEVERAL
      if (this.#found === SEVERAL) return
      if (argument.valueStart >= 0) this.#takeDecoded(head.bytes, argument.valueStart, argument.valueEnd)
      at = argument.valueEnd + 1
    }
  }

  #takeDecoded(bytes: Uint8Array, start: number, end: number): void {
    const into = this.#spare
    const length = decodeArgument(bytes, start, end, into)
    this.#take(into, 0, length < 0 ? into.length : length)
    if (this.bytes !== into) return
    this.#spare = this.#held
    this.#held = into
  }

  /** Of a field that comes more than once, the first. */
  #findHeader(head: Head, lower: string): void {
    const row = findRow(head, lower, 0)
    if (row >= 0) {
      const end = head.spans[row * STRIDE + 3]!
      this.#take(head.bytes, bearerStart(head.bytes, head.spans[row * STRIDE + 2]!, end), end)
    } else if (head.added.length !== 0) this.#findAdded(head, lower)
  }

  /** A plugin before this one has set the field. */
  #findAdded(head: Head, lower: string): void {
    const value = getField(head, lower)
    if (value === null) return
    const bytes = Buffer.from(value, 'latin1')
    this.#take(bytes, bearerStart(bytes, 0, bytes.length), bytes.length)
  }
}

/**
 * token-place — where a request has its access token: in the header, in the query, or in a body.
 *
 * HOT     `find` runs once a request. A token in the header is left where it lies.
 */
import type { Exchange } from '../../contract/exchange.ts'
import { findRow, getField, removeField } from '../../http1/fields.ts'
import { Argument } from '../../http1/forms/argument.ts'
import { removeFromQuery } from '../../http1/forms/query.ts'
import { STRIDE } from '../../http1/head.ts'
import { parameterOf, typeOf } from './parameters.ts'

const NAME = 'access_token'
const SP = 32
const TAB = 9
const SMALL = 0x20
const SCHEMES = ['bearer', 'token']

export class TokenPlace {
  /** The token, once `find` has answered true: at [start, end) of `bytes`. */
  bytes: Buffer
  start: number
  end: number
  readonly #header: string
  readonly #argument: Argument

  /** `header` in lower case. */
  constructor(header: string) {
    this.bytes = EMPTY
    this.start = 0
    this.end = 0
    this.#header = header
    this.#argument = new Argument(NAME)
  }

  /** As in Kong, a header that is there decides, whatever it holds. */
  find(x: Exchange): boolean {
    const row = findRow(x.request, this.#header, 0)
    if (row >= 0) {
      const spans = x.request.spans
      this.#take(x.request.bytes, spans[row * STRIDE + 2]!, spans[row * STRIDE + 3]!)
      return this.start < this.end
    }
    const added = x.request.added.length === 0 ? null : getField(x.request, this.#header)
    if (added !== null) {
      const bytes = Buffer.from(added, 'latin1')
      this.#take(bytes, 0, bytes.length)
      return this.start < this.end
    }
    if (x.request.pathEnd === x.request.targetEnd && x.requestBody === null) return false
    return this.#findParameter(x)
  }

  /** `Bearer TOKEN`, `token TOKEN`; else all of it. */
  #take(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes
    this.start = start
    this.end = end
    for (let i = 0; i < SCHEMES.length; i++) {
      const at = behind(bytes, start, end, SCHEMES[i]!)
      if (at < 0) continue
      this.start = at
      return
    }
  }

  #findParameter(x: Exchange): boolean {
    const token = parameterOf(x, NAME)
    if (token === null) return false
    this.bytes = Buffer.from(token)
    this.start = 0
    this.end = this.bytes.length
    return true
  }

  /** Whether the body has to be there for `find`. */
  needsBody(x: Exchange): boolean {
    if (findRow(x.request, this.#header, 0) >= 0) return false
    if (!mayHoldIt(typeOf(x), x)) return false
    const head = x.request
    if (head.pathEnd >= head.targetEnd) return true
    return this.#argument.find(head.bytes, head.pathEnd + 1, head.targetEnd) === 0
  }

  /** Takes it out of header, query and form. */
  hide(x: Exchange): void {
    if (findRow(x.request, this.#header, 0) >= 0 || x.request.added.length !== 0)
      removeField(x.request, this.#header)
    removeFromQuery(x.request, this.#argument)
    const body = x.requestBody
    if (body === null || typeOf(x) !== 'application/x-www-form-urlencoded') return
    const rest = Buffer.from(body)
    x.requestBody = rest.subarray(0, this.#argument.remove(rest, 0, rest.length))
  }
}

/** Uploads without a length are too long to be held for it. */
function mayHoldIt(type: string, x: Exchange): boolean {
  if (type === 'multipart/form-data') return x.requestLength >= 0
  return type === 'application/x-www-form-urlencoded' || type === 'application/json'
}

const EMPTY = Buffer.alloc(0)

/** Where the word behind this scheme begins; -1: it is another scheme, or not one word that follows. */
function behind(bytes: Uint8Array, start: number, end: number, scheme: string): number {
  if (end - start <= scheme.length) return -1
  for (let i = 0; i < scheme.length; i++) if ((bytes[start + i]! | SMALL) !== scheme.charCodeAt(i)) return -1
  let at = start + scheme.length
  if (bytes[at] !== SP && bytes[at] !== TAB) return -1
  while (at < end && (bytes[at] === SP || bytes[at] === TAB)) at++
  for (let i = at; i < end; i++) if (bytes[i] === SP || bytes[i] === TAB) return -1
  return at === end ? -1 : at
}

/**
 * key-name — one name that a key may be sent under: where in the request it stands, and how it is taken out.
 *
 * HOT     `find` runs once a request for each name up to the one that is used. A key in a header or in the query is
 *         left where it lies; one with escapes is decoded into memory that is made once.
 */
import type { Exchange } from '../../contract/exchange.ts'
import { findRow, removeField } from '../../http1/fields.ts'
import { Argument, decodeArgument } from '../../http1/forms/argument.ts'
import { removeFromQuery } from '../../http1/forms/query.ts'
import { STRIDE } from '../../http1/head.ts'
import { BodyKey } from './body-key.ts'
import { type Found, NOTHING, ONE, SEVERAL } from './found.ts'
import type { RequestBody } from './request-body.ts'

export interface Places {
  readonly inHeader: boolean
  readonly inQuery: boolean
  /** Shared by all names; null where the body is not looked at. */
  readonly body: RequestBody | null
  /** The longest key there is. */
  readonly lengthMax: number
}

export class KeyName {
  /** Where the key is, once `find` has answered ONE: at [start, end) of `bytes`. */
  bytes: Buffer
  start: number
  end: number
  readonly #lower: string
  readonly #dashed: string
  readonly #argument: Argument
  readonly #inBody: BodyKey
  readonly #places: Places
  /** One byte more than any key has, so that a longer one is not cut into a shorter one that is known. */
  readonly #decoded: Buffer

  constructor(name: string, places: Places) {
    this.#lower = name.toLowerCase()
    this.#dashed = this.#lower.replaceAll('_', '-')
    this.#argument = new Argument(name)
    this.#inBody = new BodyKey(name)
    this.#places = places
    this.#decoded = Buffer.alloc(places.lengthMax + 1)
    this.bytes = this.#decoded
    this.start = 0
    this.end = 0
  }

  /** The header wins over the query, and the query over the body, as in Kong. */
  find(x: Exchange): Found {
    let found: Found = NOTHING
    if (this.#places.inHeader) found = this.#findHeader(x)
    if (found === NOTHING && this.#places.inQuery && x.request.pathEnd < x.request.targetEnd) {
      found = this.#findArgument(x.request.bytes, x.request.pathEnd + 1, x.request.targetEnd)
      // The argument is there without a value: the body is not asked, as in Kong.
      if (found === NOTHING && this.#argument.valueEnd >= 0) return NOTHING
    }
    return found === NOTHING && this.#places.body !== null ? this.#findBody(x, this.#places.body) : found
  }

  /** Takes every key of this name out of the request, wherever one may stand. */
  hide(x: Exchange): void {
    removeField(x.request, this.#lower)
    if (this.#dashed !== this.#lower) removeField(x.request, this.#dashed)
    removeFromQuery(x.request, this.#argument)
    const body = this.#places.body
    if (body === null) return
    body.open(x)
    this.#inBody.remove(body)
  }

  #findHeader(x: Exchange): Found {
    const found = this.#findRows(x, this.#lower)
    // As in Kong, `api_key` also means the header Api-Key.
    return found === NOTHING && this.#dashed !== this.#lower ? this.#findRows(x, this.#dashed) : found
  }

  #findRows(x: Exchange, lower: string): Found {
    const head = x.request
    const row = findRow(head, lower, 0)
    const found = head.added.length === 0 ? NOTHING : this.#findAdded(x, lower)
    if (row < 0) return found
    // One that a plugin has added beside the client's own is a second one.
    if (found !== NOTHING || findRow(head, lower, row + 1) >= 0) return SEVERAL
    this.bytes = head.bytes
    this.start = head.spans[row * STRIDE + 2]!
    this.end = head.spans[row * STRIDE + 3]!
    return ONE
  }

  /** A plugin before this one has set the field: from a cookie, say. */
  #findAdded(x: Exchange, lower: string): Found {
    const added = x.request.added
    let at = -1
    for (let i = 0; i < added.length; i++) {
      const name = added[i]!.name
      if (name.length !== lower.length || name.toLowerCase() !== lower) continue
      if (at >= 0) return SEVERAL
      at = i
    }
    return at < 0 ? NOTHING : this.#isIn(Buffer.from(added[at]!.value, 'latin1'))
  }

  /** Bytes [start, end) are arguments. valueEnd is -1 when none has the name. */
  #findArgument(bytes: Buffer, start: number, end: number): Found {
    const argument = this.#argument
    argument.valueEnd = -1
    const count = argument.find(bytes, start, end)
    if (count > 1) return SEVERAL
    if (count === 0 || argument.valueStart < 0) return NOTHING
    const length = decodeArgument(bytes, argument.valueStart, argument.valueEnd, this.#decoded)
    this.bytes = this.#decoded
    this.start = 0
    this.end = length < 0 ? this.#decoded.length : length
    return ONE
  }

  #findBody(x: Exchange, body: RequestBody): Found {
    body.open(x)
    const found = this.#inBody.find(body)
    return found === ONE ? this.#isIn(this.#inBody.value) : found
  }

  #isIn(bytes: Buffer): Found {
    this.bytes = bytes
    this.start = 0
    this.end = bytes.length
    return ONE
  }
}

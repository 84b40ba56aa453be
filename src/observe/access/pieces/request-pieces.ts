/**
 * request-pieces — what an access line says of the request and its client.
 *
 * HOT     `put` runs once a request and piece where a format is set: no allocation.
 */
import type { Exchange } from '../../../contract/exchange.ts'
import { findRow } from '../../../http1/fields.ts'
import { type Head, STRIDE } from '../../../http1/head.ts'
import type { Pen } from './pen.ts'
import { type Piece, WHOLE } from './piece.ts'

export const METHOD = 0
/** Path and query as sent. */
export const TARGET = 1
export const PATH = 2
export const QUERY = 3
export const HOST = 4
/** The first line, with the version. */
export const REQUEST_LINE = 5
/** As the router saw it: decoded, without dot segments. */
export const NORMAL_PATH = 6

const SPACE = 32
const VERSIONS = [Buffer.from('HTTP/1.0'), Buffer.from('HTTP/1.1'), Buffer.from('HTTP/2.0')] as const
const ENVOYS_VERSIONS = [Buffer.from('HTTP/1.0'), Buffer.from('HTTP/1.1'), Buffer.from('HTTP/2')] as const

function versionOf(x: Exchange): number {
  return x.client?.isHttp2 === true ? 2 : x.request.minor
}

/** A part of the first line. */
export class LinePart implements Piece {
  readonly #part: number
  readonly #most: number

  constructor(part: number, most = WHOLE) {
    this.#part = part
    this.#most = most
  }

  put(pen: Pen, x: Exchange): boolean {
    const head = x.request
    const part = this.#part
    // What could not be read has no parts.
    if (head.targetEnd === 0) return false
    if (part === METHOD) return this.#bytes(pen, head.bytes, head.methodStart, head.methodEnd)
    if (part === TARGET) return this.#bytes(pen, head.bytes, head.pathStart, head.targetEnd)
    if (part === PATH) return this.#bytes(pen, head.bytes, head.pathStart, head.pathEnd)
    if (part === QUERY) return this.#bytes(pen, head.bytes, head.pathEnd + 1, head.targetEnd)
    if (part === HOST) return this.#bytes(pen, head.bytes, x.hostStart, x.hostEnd)
    if (part === NORMAL_PATH) return this.#bytes(pen, x.pathBytes, x.pathStart, x.pathEnd)
    pen.bytes(head.bytes, head.methodStart, head.targetEnd)
    pen.byte(SPACE)
    pen.ours(VERSIONS[versionOf(x)]!)
    return true
  }

  #bytes(pen: Pen, bytes: Uint8Array, start: number, end: number): boolean {
    if (end <= start) return false
    pen.bytes(bytes, start, end - start > this.#most ? start + this.#most : end)
    return true
  }
}

export class Version implements Piece {
  readonly #words: readonly Uint8Array[]

  constructor(style: 'nginx' | 'envoy') {
    this.#words = style === 'nginx' ? VERSIONS : ENVOYS_VERSIONS
  }

  put(pen: Pen, x: Exchange): boolean {
    if (x.request.targetEnd === 0) return false
    pen.ours(this.#words[versionOf(x)]!)
    return true
  }
}

/** A field of one of the heads, or where there is none another one. */
export class FieldPiece implements Piece {
  readonly #whose: 'request' | 'response' | 'trailers'
  readonly #first: string
  readonly #second: string
  readonly #most: number

  /** Names in lower case; `second` may be ''. */
  constructor(whose: 'request' | 'response' | 'trailers', first: string, second = '', most = WHOLE) {
    this.#whose = whose
    this.#first = first
    this.#second = second
    this.#most = most
  }

  put(pen: Pen, x: Exchange): boolean {
    const whose = this.#whose
    const head = whose === 'request' ? x.request : whose === 'response' ? x.response : x.responseTrailers
    if (putField(pen, head, this.#first, this.#most)) return true
    return this.#second !== '' && putField(pen, head, this.#second, this.#most)
  }
}

/** The first of its name, or else what a plugin has added under it. */
export function putField(pen: Pen, head: Head, lower: string, most: number): boolean {
  const row = findRow(head, lower, 0)
  if (row >= 0) {
    const at = row * STRIDE
    const start = head.spans[at + 2]!
    const end = head.spans[at + 3]!
    pen.bytes(head.bytes, start, end - start > most ? start + most : end)
    return true
  }
  const added = head.added
  for (let i = 0; i < added.length; i++) {
    const name = added[i]!.name
    if (name.length !== lower.length || name.toLowerCase() !== lower) continue
    pen.part(added[i]!.value, most)
    return true
  }
  return false
}

/** One piece, or where it has no value another one. */
export class Either implements Piece {
  readonly #first: Piece
  readonly #second: Piece

  constructor(first: Piece, second: Piece) {
    this.#first = first
    this.#second = second
  }

  put(pen: Pen, x: Exchange): boolean {
    return this.#first.put(pen, x) || this.#second.put(pen, x)
  }
}

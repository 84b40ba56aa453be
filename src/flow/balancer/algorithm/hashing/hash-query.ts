/**
 * hash-query — a query argument as the input of consistent hashing.
 *
 * Names and values are compared and hashed decoded (%XX and '+'), so that two spellings of one value meet. An argument
 * without '=' has no value. Several values are sorted and joined by ','.
 *
 * HOT     One pass over the query. Strings are made only when the argument comes twice.
 */
import type { Outbox } from '../../../../base/outbox.ts'
import type { Exchange } from '../../../../contract/exchange.ts'
import { HEX, PERCENT } from '../../../../http1/chars.ts'
import type { HashInput } from './hash-input.ts'

const AMPERSAND = 38
const PLUS = 43
const EQUALS = 61
const SPACE = 32

export class QueryInput implements HashInput {
  readonly #name: Buffer

  constructor(name: string) {
    this.#name = Buffer.from(name, 'utf8')
  }

  put(x: Exchange, out: Outbox): boolean {
    const head = x.request
    const end = head.targetEnd
    const before = out.used
    let found = 0
    for (let start = head.pathEnd + 1; start < end; ) {
      const stop = endOfArgument(head.bytes, start, end)
      const value = this.#valueAt(head.bytes, start, stop)
      if (value >= 0) {
        if (found++ > 0) return this.#makeSorted(x, out, before)
        putDecoded(out, head.bytes, value, stop)
      }
      start = stop + 1
    }
    return found > 0
  }

  /** Where the value of the argument in [start, stop) begins if it bears our name, else -1. */
  #valueAt(bytes: Buffer, start: number, stop: number): number {
    const name = this.#name
    let at = start
    for (let i = 0; i < name.length; i++) {
      if (at >= stop || bytes[at] === EQUALS || decoded(bytes, at, stop) !== name[i]) return -1
      at += isEscape(bytes, at, stop) ? 3 : 1
    }
    return at < stop && bytes[at] === EQUALS ? at + 1 : -1
  }

  #makeSorted(x: Exchange, out: Outbox, from: number): boolean {
    const head = x.request
    const values: string[] = []
    for (let start = head.pathEnd + 1; start < head.targetEnd; ) {
      const stop = endOfArgument(head.bytes, start, head.targetEnd)
      const value = this.#valueAt(head.bytes, start, stop)
      out.used = from
      if (value >= 0) {
        putDecoded(out, head.bytes, value, stop)
        values.push(out.bytes.latin1Slice(from, out.used))
      }
      start = stop + 1
    }
    out.used = from
    out.putLatin1(values.sort().join(','))
    return true
  }
}

function endOfArgument(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at] !== AMPERSAND) at++
  return at
}

function isEscape(bytes: Buffer, at: number, stop: number): boolean {
  return bytes[at] === PERCENT && at + 2 < stop && HEX[bytes[at + 1]!] !== 255 && HEX[bytes[at + 2]!] !== 255
}

function decoded(bytes: Buffer, at: number, stop: number): number {
  if (isEscape(bytes, at, stop)) return HEX[bytes[at + 1]!]! * 16 + HEX[bytes[at + 2]!]!
  return bytes[at] === PLUS ? SPACE : bytes[at]!
}

function putDecoded(out: Outbox, bytes: Buffer, start: number, stop: number): void {
  out.reserve(stop - start)
  for (let at = start; at < stop; ) {
    out.bytes[out.used++] = decoded(bytes, at, stop)
    at += isEscape(bytes, at, stop) ? 3 : 1
  }
}

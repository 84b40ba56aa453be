/**
 * hash-cookie — a cookie as the input of consistent hashing: read where the client sends it, handed out where not.
 *
 * A client without the cookie gets one with a random UUID, and this first request is already hashed by it. The value
 * is kept in the exchange's notes, so that a retry goes by the same one and sets one cookie.
 */

import { faults, GatewayError } from '../../../../base/faults.ts'
import type { Outbox } from '../../../../base/outbox.ts'
import type { Exchange } from '../../../../contract/exchange.ts'
import { addField, getFields } from '../../../../http1/fields.ts'
import { type Head, STRIDE } from '../../../../http1/head.ts'
import { id } from '../../../../http1/names.ts'
import type { HashInput } from './hash-input.ts'

const SEMICOLON = 59
const EQUALS = 61
const SPACE = 32

export class CookieInput implements HashInput {
  readonly #name: Buffer
  readonly #path: string
  readonly #note: string
  readonly #random: (count: number) => Buffer

  constructor(name: string, path: string, random: (count: number) => Buffer) {
    if (!/^[!#$%&'*+\-.^_`|~\w]+$/.test(name) || !/^[\x20-\x3a\x3c-\x7e]*$/.test(path))
      throw new GatewayError(faults.CONFIG_INVALID, `not a cookie: ${JSON.stringify([name, path])}`)
    this.#name = Buffer.from(name, 'latin1')
    this.#path = path
    this.#note = `hash cookie ${name}`
    this.#random = random
  }

  put(x: Exchange, out: Outbox): boolean {
    if (this.#putSent(x.request, out)) return true
    out.putLatin1(this.#handOut(x))
    return true
  }

  #putSent(head: Head, out: Outbox): boolean {
    for (let row = head.indexOf(id.cookie, 0); row >= 0; row = head.indexOf(id.cookie, row + 1))
      if (this.#putFrom(head, row, out)) return true
    return head.added.length > 0 && this.#putAdded(head, out)
  }

  #putFrom(head: Head, row: number, out: Outbox): boolean {
    const bytes = head.bytes
    const end = head.spans[row * STRIDE + 3]!
    for (let start = head.spans[row * STRIDE + 2]!; start < end; ) {
      while (start < end && bytes[start] === SPACE) start++
      let stop = start
      while (stop < end && bytes[stop] !== SEMICOLON) stop++
      const value = this.#valueAt(bytes, start, stop)
      if (value >= 0) {
        out.put(bytes, value, stop)
        return true
      }
      start = stop + 1
    }
    return false
  }

  #valueAt(bytes: Buffer, start: number, stop: number): number {
    const name = this.#name
    const equals = start + name.length
    if (equals >= stop || bytes[equals] !== EQUALS) return -1
    for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return -1
    return equals + 1
  }

  /** A Cookie field that a plugin has set. */
  #putAdded(head: Head, out: Outbox): boolean {
    const prefix = `${this.#name.latin1Slice(0, this.#name.length)}=`
    for (const field of head.added) {
      if (field.name.toLowerCase() !== 'cookie') continue
      const pair = field.value.split(/; */).find((part) => part.startsWith(prefix))
      if (pair === undefined) continue
      out.putLatin1(pair.slice(prefix.length))
      return true
    }
    return false
  }

  #handOut(x: Exchange): string {
    x.notes ??= new Map()
    const known = x.notes.get(this.#note)
    const value = typeof known === 'string' ? known : makeUuid(this.#random(16))
    x.notes.set(this.#note, value)
    const pair = `${this.#name.latin1Slice(0, this.#name.length)}=${value}`
    if (!getFields(x.response, 'set-cookie').some((field) => field.startsWith(pair)))
      addField(x.response, 'Set-Cookie', `${pair}; Path=${this.#path}; SameSite=Lax; HttpOnly`)
    return value
  }
}

/** RFC 9562 §5.4: version 4. */
function makeUuid(bytes: Buffer): string {
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  const cuts = [0, 8, 12, 16, 20, 32]
  return cuts
    .slice(1)
    .map((end, i) => hex.slice(cuts[i], end))
    .join('-')
}

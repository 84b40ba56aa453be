/**
 * given — the name and the password that a request brings (RFC 7617), decoded into memory that is wiped after use.
 *
 *           bytes | name | : | password | room for a consumer's id |
 *                        ^ nameEnd      ^ end
 *
 * LIMITS  GIVEN_BYTES_MAX for name and password; what is longer is nobody's.
 *
 * HOT     `read` runs once a request, or twice. No allocation unless a plugin has set the field.
 */
import { findRow } from '../../http1/fields.ts'
import { type Head, STRIDE } from '../../http1/head.ts'
import { decodeBase64 } from './base64.ts'

export const GIVEN_BYTES_MAX = 4096
const ID_BYTES_MAX = 64
const SCHEME = 'basic'
const COLON = 58
const SP = 32
/** Makes a capital letter small, and leaves a small one. */
const SMALL = 0x20

export class Given {
  readonly bytes: Buffer
  nameEnd: number
  end: number
  readonly #room: Uint8Array

  constructor() {
    this.bytes = Buffer.alloc(GIVEN_BYTES_MAX + ID_BYTES_MAX)
    this.#room = this.bytes.subarray(0, GIVEN_BYTES_MAX)
    this.nameEnd = 0
    this.end = 0
  }

  /** False: there is none in this field, `lower` in lower case. Of several fields the first counts, as in Kong. */
  read(head: Head, lower: string): boolean {
    const row = findRow(head, lower, 0)
    if (row < 0) return head.added.length !== 0 && this.#readAdded(head, lower)
    return this.#decode(head.bytes, head.spans[row * STRIDE + 2]!, head.spans[row * STRIDE + 3]!)
  }

  /** The password with `id` behind it, which is what Kong hashes. A view, until `read` or `wipe`. */
  salted(id: string): Uint8Array {
    const end = this.end + this.bytes.write(id, this.end)
    return this.bytes.subarray(this.nameEnd + 1, end)
  }

  /** A view, until `read` or `wipe`. */
  password(): Uint8Array {
    return this.bytes.subarray(this.nameEnd + 1, this.end)
  }

  /** Twice is no harm. */
  wipe(): void {
    for (let i = 0; i < this.end; i++) this.bytes[i] = 0
    this.end = 0
    this.nameEnd = 0
  }

  #readAdded(head: Head, lower: string): boolean {
    let field = null
    for (let i = head.added.length - 1; i >= 0; i--)
      if (head.added[i]!.name.toLowerCase() === lower) field = head.added[i]!
    if (field === null) return false
    const bytes = Buffer.from(field.value, 'latin1')
    return this.#decode(bytes, 0, bytes.length)
  }

  #decode(bytes: Uint8Array, start: number, end: number): boolean {
    this.wipe()
    let at = start
    for (let i = 0; i < SCHEME.length; i++)
      if (at >= end || (bytes[at++]! | SMALL) !== SCHEME.charCodeAt(i)) return false
    if (bytes[at] !== SP) return false
    while (at < end && bytes[at] === SP) at++
    const count = decodeBase64(bytes, at, end, this.#room)
    // What it had decoded until then.
    if (count < 0) this.bytes.fill(0)
    this.end = count < 0 ? 0 : count
    let colon = 0
    while (colon < count && this.bytes[colon] !== COLON) colon++
    if (colon >= count) return false
    this.nameEnd = colon
    return true
  }
}

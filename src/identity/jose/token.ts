/**
 * token — a JWT in the compact form (RFC 7515 §7.1, RFC 7519), taken apart and not yet believed.
 *
 * One object reads one token after the other; what it holds of the last is gone with the next.
 */
import { decodeBase64url, decodedLength } from './base64url.ts'
import { type Members, readJsonObject } from './strict-json.ts'
import { isAlgorithm } from './verifier.ts'

/** A longer one is refused unread. */
export const TOKEN_BYTES_MAX = 16 * 1024

const DOT = 46
const NONE: Members = Object.freeze({})

/** Why a token can't be read, in Kong's words; '' for one that can. */
export type Unreadable =
  | ''
  | 'invalid JSON'
  | 'invalid alg'
  | 'invalid crit'
  | 'invalid claims'
  | 'invalid signature'

export class Token {
  header: Members = NONE
  claims: Members = NONE
  /** One of those we know. */
  algorithm = ''
  /** The bytes that are signed, where they lie. */
  signed: Uint8Array = new Uint8Array(0)
  signature: Buffer = Buffer.alloc(0)
  readonly #scratch = Buffer.alloc(decodedLength(TOKEN_BYTES_MAX))

  /** Bytes [start, end) are the token. They have to stay as they are until it has been verified. */
  read(bytes: Uint8Array, start: number, end: number): Unreadable {
    this.clear()
    if (end - start > TOKEN_BYTES_MAX) return 'invalid JSON'
    const first = dotIn(bytes, start, end)
    const second = dotIn(bytes, first + 1, end)
    // Five parts would be an encrypted token.
    if (first === end || second === end || dotIn(bytes, second + 1, end) !== end) return 'invalid JSON'
    const header = this.#readObject(bytes, start, first)
    const claims = this.#readObject(bytes, first + 1, second)
    if (typeof header === 'string' || claims === 'malformed') return 'invalid JSON'
    const algorithm = Object.hasOwn(header, 'alg') ? header['alg'] : undefined
    if (typeof algorithm !== 'string' || !isAlgorithm(algorithm)) return 'invalid alg'
    // Extensions that have to be understood (RFC 7515 §4.1.11): we know none.
    if (Object.hasOwn(header, 'crit')) return 'invalid crit'
    if (claims === 'no object') return 'invalid claims'
    const length = decodeBase64url(bytes, second + 1, end, this.#scratch)
    if (length < 0) return 'invalid signature'
    this.header = header
    this.claims = claims
    this.algorithm = algorithm
    this.signed = bytes.subarray(start, second)
    this.signature = this.#scratch.subarray(0, length)
    return ''
  }

  /** Keeps nothing of the last one. */
  clear(): void {
    this.header = NONE
    this.claims = NONE
    this.algorithm = ''
    this.signed = this.#scratch.subarray(0, 0)
    this.signature = this.#scratch.subarray(0, 0)
  }

  #readObject(bytes: Uint8Array, start: number, end: number): Members | 'malformed' | 'no object' {
    const length = decodeBase64url(bytes, start, end, this.#scratch)
    return length < 0 ? 'malformed' : readJsonObject(this.#scratch, length)
  }
}

/** Where the next dot is; `end`: none. */
function dotIn(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at] !== DOT) at++
  return at < end ? at : end
}

/** A claim or a header parameter of the token's own, never one that all objects have. */
export function memberOf(members: Members, name: string): unknown {
  return Object.hasOwn(members, name) ? members[name] : undefined
}

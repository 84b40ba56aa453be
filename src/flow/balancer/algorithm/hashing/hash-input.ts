/**
 * hash-input — what of a request consistent hashing hashes: Kong's `hash_on` and `hash_fallback`.
 *
 * HOT     `put` runs once a pick and copies the value as bytes; no string is made of the request. Only a query argument
 *         that is given more than once is sorted as strings (hash-query.ts), and only a new cookie is composed
 *         (hash-cookie.ts).
 */
import type { Outbox } from '../../../../base/outbox.ts'
import type { Exchange } from '../../../../contract/exchange.ts'
import { COLON, TOKEN } from '../../../../http1/chars.ts'
import { DROPPED, type Head, STRIDE } from '../../../../http1/head.ts'

export interface HashInput {
  /** Appends the value; false when the request has none. */
  put(x: Exchange, out: Outbox): boolean
}

export class NoInput implements HashInput {
  put(): boolean {
    return false
  }
}

/** The consumer, else the credential. */
export class ConsumerInput implements HashInput {
  put(x: Exchange, out: Outbox): boolean {
    if (x.consumer !== null) out.putLatin1(x.consumer.id)
    else if (x.credentialId !== '') out.putLatin1(x.credentialId)
    else return false
    return true
  }
}

/** The client's address, behind trusted proxies too. */
export class IpInput implements HashInput {
  put(x: Exchange, out: Outbox): boolean {
    out.putLatin1(x.clientAddress)
    return x.clientAddress !== ''
  }
}

/** The normalised path. */
export class PathInput implements HashInput {
  put(x: Exchange, out: Outbox): boolean {
    out.put(x.pathBytes, x.pathStart, x.pathEnd)
    return true
  }
}

/** A group of the route's regex path, by name or by number. */
export class CaptureInput implements HashInput {
  readonly #name: string
  /** -1 when the group goes by name. */
  readonly #number: number

  constructor(name: string) {
    this.#name = name
    this.#number = /^\d+$/.test(name) ? Number(name) : -1
  }

  put(x: Exchange, out: Outbox): boolean {
    if (x.captures === null) return false
    const value = this.#number >= 0 ? x.captures.numbered[this.#number] : x.captures.named[this.#name]
    if (value === undefined) return false
    out.putLatin1(value)
    return true
  }
}

/** All values of a field, joined by ', ' when it comes more than once. */
export class HeaderInput implements HashInput {
  readonly #name: string
  readonly #bytes: Buffer

  constructor(name: string) {
    this.#name = name.toLowerCase()
    this.#bytes = Buffer.from(this.#name, 'latin1')
  }

  put(x: Exchange, out: Outbox): boolean {
    const head = x.request
    let found = 0
    for (let row = 0; row < head.count; row++) {
      if (!isNamed(head, row, this.#bytes)) continue
      if (found++ > 0) out.putLatin1(', ')
      out.put(head.bytes, head.spans[row * STRIDE + 2]!, head.spans[row * STRIDE + 3]!)
    }
    for (let i = 0; i < head.added.length; i++) {
      if (head.added[i]!.name.toLowerCase() !== this.#name) continue
      if (found++ > 0) out.putLatin1(', ')
      out.putLatin1(head.added[i]!.value)
    }
    return found > 0
  }
}

function isNamed(head: Head, row: number, lower: Buffer): boolean {
  const at = row * STRIDE
  const start = head.spans[at]!
  if (head.spans[at + 4] === DROPPED || head.spans[at + 1]! - start !== lower.length) return false
  if (head.bytes[start + lower.length] !== COLON) return false
  for (let i = 0; i < lower.length; i++) if (TOKEN[head.bytes[start + i]!] !== lower[i]) return false
  return true
}

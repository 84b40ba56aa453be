/**
 * lot — where in [0, 1) a request falls: always the same for one consumer, address or value of a header, so that they
 * stay where they are while the part grows.
 *
 * Without any of these requests are spread evenly: of any row of them the part is met within one request or so,
 * in each worker by itself, and with nothing kept.
 *
 * HOT     `draw` runs once a request.
 */

import { xxHash32 } from '../../base/hash.ts'
import { Outbox } from '../../base/outbox.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { Host } from '../../contract/plugin.ts'
import { getField } from '../../http1/fields.ts'
import type { Config } from './schema.ts'

/** The golden section: its multiples fill [0, 1) more evenly than those of any other number. */
const STEP = 0.6180339887498949
const RANGE = 2 ** 32

export class Lot {
  readonly #hash: Config['hash']
  readonly #header: string
  readonly #steps: number
  readonly #out: Outbox
  #next: number

  constructor({ hash, hash_header, steps }: Pick<Config, 'hash' | 'hash_header' | 'steps'>, host: Host) {
    this.#hash = hash
    this.#header = (hash_header ?? '').toLowerCase()
    this.#steps = steps
    this.#out = new Outbox()
    this.#next = host.random(4).readUInt32LE(0) / RANGE
  }

  draw(x: Exchange): number {
    const key = this.#keyOf(x)
    return key === null ? this.#spread() : this.#place(key)
  }

  /** Null: nothing tells this request apart. */
  #keyOf(x: Exchange): string | null {
    if (this.#hash === 'none') return null
    if (this.#hash === 'header') return getField(x.request, this.#header)
    // Nobody is known: the address has to do.
    return this.#hash === 'consumer' && x.consumer !== null ? x.consumer.id : x.clientAddress
  }

  #spread(): number {
    this.#next = (this.#next + STEP) % 1
    return this.#next
  }

  #place(key: string): number {
    const out = this.#out
    out.putLatin1(key)
    const hash = xxHash32(out.bytes, 0, out.used) >>> 0
    out.release()
    return (hash % this.#steps) / this.#steps
  }
}

/** The three ways to make a correlation id. Each differs in what it costs and what a reader can see in it. */
import type { Exchange } from '../../contract/exchange.ts'
import type { Host } from '../../contract/plugin.ts'

export interface IdMaker {
  next(x: Exchange): string
}

export function makeIdMaker(generator: 'uuid' | 'uuid#counter' | 'tracker', host: Host): IdMaker {
  if (generator === 'uuid') return new Uuids(host)
  if (generator === 'tracker') return new Trackers(host)
  return new CountedUuid(new Uuids(host))
}

const UUID_BYTES = 16
/** Random bytes are asked for in lots, since each asking costs more than the bytes do. */
const LOT = 64

/** A random UUID each (RFC 9562 §5.4). */
class Uuids implements IdMaker {
  readonly #host: Host
  #bytes: Buffer
  #at: number

  constructor(host: Host) {
    this.#host = host
    this.#bytes = Buffer.alloc(0)
    this.#at = 0
  }

  next(): string {
    if (this.#at >= this.#bytes.length) {
      this.#bytes = this.#host.random(UUID_BYTES * LOT)
      this.#at = 0
    }
    const bytes = this.#bytes
    const at = this.#at
    this.#at = at + UUID_BYTES
    bytes[at + 6] = (bytes[at + 6]! & 0x0f) | 0x40
    bytes[at + 8] = (bytes[at + 8]! & 0x3f) | 0x80
    const hex = bytes.toString('hex', at, at + UUID_BYTES)
    const head = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}`
    return `${head}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }
}

/** One UUID and a counter: the cheapest, and requests of one worker can be told in order. */
class CountedUuid implements IdMaker {
  readonly #prefix: string
  #count: number

  constructor(uuids: Uuids) {
    this.#prefix = `${uuids.next()}#`
    this.#count = 0
  }

  next(): string {
    this.#count++
    return this.#prefix + this.#count
  }
}

/** <server ip>-<port>-<pid>-<connection>-<requests on it>-<seconds since 1970, to the millisecond> */
class Trackers implements IdMaker {
  readonly #host: Host

  constructor(host: Host) {
    this.#host = host
  }

  next(x: Exchange): string {
    const client = x.client
    const where = client === null ? '-' : `${client.localAddress}-${client.localPort}`
    const which = client === null ? '0-0' : `${client.connectionId}-${client.requestsOnConnection}`
    return `${where}-${this.#host.pid}-${which}-${(this.#host.wall() / 1000).toFixed(3)}`
  }
}

/** The three ways to make a correlation id. Each differs in what it costs and what a reader can see in it. */
import type { Exchange } from '../../contract/exchange.ts'
import type { Host } from '../../contract/plugin.ts'
import { AddedField } from '../../http1/added-field.ts'
import { makeFieldStart } from '../../http1/fields.ts'

export interface IdMaker {
  /** As the field that carries it. */
  next(x: Exchange): AddedField
}

type Generator = 'uuid' | 'uuid#counter' | 'tracker'

/** `name`: of the field. */
export function makeIdMaker(generator: Generator, name: string, host: Host): IdMaker {
  if (generator === 'uuid') return new Uuids(name, host)
  if (generator === 'tracker') return new Trackers(name, host)
  return new CountedUuid(name, new Uuids(name, host))
}

const UUID_BYTES = 16
/** Random bytes are asked for in lots, since each asking costs more than the bytes do. */
const LOT = 64
/** A field's count is an int32. */
const COUNT_MAX = 2 ** 31 - 1

/** A random UUID each (RFC 9562 §5.4). */
class Uuids implements IdMaker {
  readonly #name: string
  readonly #host: Host
  #bytes: Buffer
  #at: number

  constructor(name: string, host: Host) {
    this.#name = name
    this.#host = host
    this.#bytes = Buffer.alloc(0)
    this.#at = 0
  }

  next(): AddedField {
    return new AddedField(this.#name, this.make(), null, -1)
  }

  make(): string {
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

/**
 * One UUID and a counter: the cheapest, and requests of one worker can be told in order. No text is made of it but for
 * who reads it: its line is written from the bytes before the count, and the count.
 */
class CountedUuid implements IdMaker {
  readonly #name: string
  readonly #uuids: Uuids
  #prefix: string
  #start: Uint8Array
  #count: number

  constructor(name: string, uuids: Uuids) {
    this.#name = name
    this.#uuids = uuids
    this.#prefix = ''
    this.#start = makeFieldStart(name)
    this.#count = COUNT_MAX
  }

  next(): AddedField {
    if (this.#count === COUNT_MAX) this.#begin()
    this.#count++
    return new AddedField(this.#name, this.#prefix, this.#start, this.#count)
  }

  #begin(): void {
    this.#prefix = `${this.#uuids.make()}#`
    this.#start = Buffer.concat([makeFieldStart(this.#name), Buffer.from(this.#prefix)])
    this.#count = 0
  }
}

/** <server ip>-<port>-<pid>-<connection>-<requests on it>-<seconds since 1970, to the millisecond> */
class Trackers implements IdMaker {
  readonly #name: string
  readonly #host: Host

  constructor(name: string, host: Host) {
    this.#name = name
    this.#host = host
  }

  next(x: Exchange): AddedField {
    return new AddedField(this.#name, this.#make(x), null, -1)
  }

  #make(x: Exchange): string {
    const client = x.client
    const where = client === null ? '-' : `${client.localAddress}-${client.localPort}`
    const which = client === null ? '0-0' : `${client.connectionId}-${client.requestsOnConnection}`
    return `${where}-${this.#host.pid}-${which}-${(this.#host.wall() / 1000).toFixed(3)}`
  }
}

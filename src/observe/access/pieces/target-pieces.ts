/**
 * target-pieces — what an access line says of targets: of all tries in turn, as nginx, or of the last one, as Envoy.
 *
 * HOT     `put` runs once a request and piece where a format is set: no allocation.
 */
import { faults } from '../../../base/faults.ts'
import type { Exchange } from '../../../contract/exchange.ts'
import { TRY_END, TRY_HEAD, TRY_SENT, TRY_START } from '../../../contract/record/try-log.ts'
import type { Address } from '../../../contract/target.ts'
import type { Pen } from './pen.ts'
import type { Piece } from './piece.ts'

export const ADDRESS = 0
export const STATUS = 1
export const CONNECT_TIME = 2
export const HEADER_TIME = 3
export const RESPONSE_TIME = 4

const COMMA = Buffer.from(', ')
const NOTHING = 45
const COLON = 58
const BRACKET = 91
const BRACKET_END = 93

/** `10.0.0.1:8080, 10.0.0.2:8080` */
export class EachTry implements Piece {
  readonly #what: number

  constructor(what: number) {
    this.#what = what
  }

  put(pen: Pen, x: Exchange): boolean {
    const count = x.tries.count
    if (count === 0) return false
    for (let i = 0; i < count; i++) {
      if (i > 0) pen.ours(COMMA)
      this.#one(pen, x, i)
    }
    return true
  }

  #one(pen: Pen, x: Exchange, i: number): void {
    const tries = x.tries
    if (this.#what === ADDRESS) return putAddress(pen, tries.targets[i]!.address)
    if (this.#what === STATUS) {
      const status = tries.statuses[i]!
      const fault = tries.faults[i]!
      if (status !== 0) pen.decimal(status)
      else if (fault !== faults.NONE) pen.decimal(fault.status)
      else pen.byte(NOTHING)
      return
    }
    const until = this.#until(x, i)
    const start = tries.time(i, TRY_START)
    if (until === 0) pen.byte(NOTHING)
    else pen.seconds(until > start ? until - start : 0)
  }

  #until(x: Exchange, i: number): number {
    const tries = x.tries
    if (this.#what === CONNECT_TIME) return tries.time(i, TRY_SENT)
    const head = tries.time(i, TRY_HEAD)
    if (this.#what === HEADER_TIME) return head
    const end = tries.time(i, TRY_END)
    if (end !== 0) return end
    return i === tries.count - 1 ? x.endMs : head
  }
}

/** Of the last try. */
export class LastTarget implements Piece {
  readonly #what: 'address' | 'ip' | 'name'

  constructor(what: 'address' | 'ip' | 'name') {
    this.#what = what
  }

  put(pen: Pen, x: Exchange): boolean {
    const count = x.tries.count
    if (count === 0) return false
    const target = x.tries.targets[count - 1]!
    if (this.#what === 'address') putAddress(pen, target.address)
    else pen.text(this.#what === 'ip' ? target.address.ip : target.name)
    return true
  }
}

function putAddress(pen: Pen, address: Address): void {
  const ip = address.ip
  // A socket of this machine.
  if (address.port === 0) return pen.text(ip)
  const isSix = ip.indexOf(':') >= 0
  if (isSix) pen.byte(BRACKET)
  pen.text(ip)
  if (isSix) pen.byte(BRACKET_END)
  pen.byte(COLON)
  pen.decimal(address.port)
}

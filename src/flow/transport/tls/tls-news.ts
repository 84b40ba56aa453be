/** tls-news — tells operators what a target and its service do not agree on: once a second a pool, however often. */
import type { Machine } from '../../../contract/plugin.ts'
import type { Address } from '../../../contract/target.ts'

const EVERY_MS = 1000

interface Told {
  atMs: number
  /** Failures since. */
  count: number
}

export class TlsNews {
  readonly #log: Machine['log']
  readonly #told: WeakMap<Address, Told>

  constructor(log: Machine['log']) {
    this.#log = log
    this.#told = new WeakMap()
  }

  tell(address: Address, what: string, why: string, nowMs: number): void {
    const told = this.#told.get(address) ?? { atMs: Number.NEGATIVE_INFINITY, count: 0 }
    this.#told.set(address, told)
    told.count++
    if (nowMs - told.atMs < EVERY_MS) return
    const place = address.port === 0 ? address.ip : `${bracketed(address.ip)}:${address.port}`
    const sni = address.tls?.servername ?? ''
    this.#log('warn', what, { address: place, sni, why, count: told.count })
    told.atMs = nowMs
    told.count = 0
  }
}

function bracketed(ip: string): string {
  return ip.includes(':') ? `[${ip}]` : ip
}

/**
 * host-index — from the bytes of a request's host to the buckets of routes that name it.
 *
 * WHAT    A bucket holds all sub-routes that name one host (as configured: plain, '*.x', 'x.*', each with a port or
 *         without). Bucket 0 is for routes without hosts. Wildcards stand for whole labels, so only the parts before
 *         and behind each dot of the request's host are looked up: cost follows the labels, not the configuration.
 *
 * HOT     `find` runs once a request and answers through `found`, a list that it owns. No allocation.
 */

import { BytesTable, HASH_SEED, hashStep, LOWER } from './bytes-table.ts'
import { ANY_HOST, type HostKeys, type HostNames } from './host-keys.ts'

const DOT = 46
/** RFC 1035 §2.3.4: longer hosts are nobody's, and would cost two look-ups a dot. */
const HOST_BYTES_MAX = 255

/** One kind of host pattern. */
class Part {
  readonly table: BytesTable
  /** By key: the bucket for any port, or -1. */
  readonly free: Int32Array
  /** By key: buckets of single ports; null when there are none. */
  readonly bound: readonly (ReadonlyMap<number, number> | null)[]

  constructor(names: HostNames, backward: boolean) {
    const ports = [...names.values()]
    this.table = new BytesTable([...names.keys()], LOWER, backward)
    this.free = new Int32Array(ports.map((buckets) => buckets.get(0) ?? -1))
    this.bound = ports.map((buckets) => (buckets.size === 1 && buckets.has(0) ? null : buckets))
  }
}

export class HostIndex {
  readonly #plain: Part
  /** Hashed from the end. */
  readonly #suffix: Part
  readonly #prefix: Part
  /** Buckets of the last `find`, `count` of them. */
  readonly found: Int32Array
  count: number

  constructor(keys: HostKeys) {
    this.#plain = new Part(keys.plain, false)
    this.#suffix = new Part(keys.suffix, true)
    this.#prefix = new Part(keys.prefix, false)
    this.found = new Int32Array(HOST_BYTES_MAX * 4 + 4)
    this.count = 0
  }

  /** Buckets for the host in bytes [start, end) of any case; `port` is the request's. */
  find(bytes: Buffer, start: number, end: number, port: number): void {
    this.found[0] = ANY_HOST
    this.count = 1
    if (end - start > HOST_BYTES_MAX || end <= start) return
    if (this.#plain.table.size !== 0 || this.#prefix.table.size !== 0)
      this.#findForward(bytes, start, end, port)
    if (this.#suffix.table.size !== 0) this.#findSuffixes(bytes, start, end, port)
  }

  #findForward(bytes: Buffer, start: number, end: number, port: number): void {
    const prefix = this.#prefix.table
    let hash = HASH_SEED
    for (let i = start; i < end; i++) {
      hash = hashStep(hash, LOWER[bytes[i]!]!)
      if (bytes[i] === DOT && prefix.size !== 0)
        this.#take(this.#prefix, prefix.find(hash, bytes, start, i + 1), port)
    }
    this.#take(this.#plain, this.#plain.table.find(hash, bytes, start, end), port)
  }

  #findSuffixes(bytes: Buffer, start: number, end: number, port: number): void {
    const suffix = this.#suffix.table
    let hash = HASH_SEED
    for (let i = end - 1; i >= start; i--) {
      hash = hashStep(hash, LOWER[bytes[i]!]!)
      if (bytes[i] === DOT) this.#take(this.#suffix, suffix.find(hash, bytes, i, end), port)
    }
  }

  #take(part: Part, key: number, port: number): void {
    if (key < 0) return
    const free = part.free[key]!
    if (free >= 0) this.found[this.count++] = free
    const bound = part.bound[key]!
    if (bound === null) return
    const bucket = bound.get(port)
    if (bucket !== undefined) this.found[this.count++] = bucket
  }
}

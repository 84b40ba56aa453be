/**
 * cidr-ranges — which of many ranges of addresses one address lies in.
 *
 * WHAT    Networks as ranges without overlap, sorted, in two tables: IPv4 addresses as one word a bound, IPv6 as four.
 *         A look-up halves the table. With the sign bit turned, int32 sort as the unsigned numbers they stand for.
 *
 *           v4   | first | last | first | last | …      v6   | first, 4 words | last, 4 words | …
 *
 * HOT     `has` runs once a request. No allocation.
 */
import type { AddressReader } from './address-reader.ts'

const SIGN = 0x80000000 | 0
/** Words of one IPv6 bound. */
const WORDS = 4

/** Bounds included. */
export interface AddressRange {
  readonly first: bigint
  readonly last: bigint
}

export class CidrRanges {
  readonly #v4: Int32Array
  readonly #v6: Int32Array
  /** What is looked for. */
  readonly #wanted: Int32Array

  /** Numbers of 32 bits, and of 128. */
  constructor(v4: readonly AddressRange[], v6: readonly AddressRange[]) {
    this.#v4 = makeTable(v4, 1)
    this.#v6 = makeTable(v6, WORDS)
    this.#wanted = new Int32Array(WORDS)
  }

  get isEmpty(): boolean {
    return this.#v4.length === 0 && this.#v6.length === 0
  }

  has(address: AddressReader): boolean {
    return address.isV4 ? this.#has4(address.d) : this.#has6(address)
  }

  #has4(address: number): boolean {
    const bounds = this.#v4
    const wanted = address ^ SIGN
    let low = 0
    let high = bounds.length >> 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (bounds[2 * middle]! <= wanted) low = middle + 1
      else high = middle
    }
    // Of the ranges that begin at it or before only the last can reach it.
    return low > 0 && wanted <= bounds[2 * low - 1]!
  }

  #has6(address: AddressReader): boolean {
    const bounds = this.#v6
    const wanted = this.#wanted
    const a = address.a ^ SIGN
    wanted[0] = a
    wanted[1] = address.b ^ SIGN
    wanted[2] = address.c ^ SIGN
    wanted[3] = address.d ^ SIGN
    let low = 0
    let high = (bounds.length / (2 * WORDS)) | 0
    while (low < high) {
      const middle = (low + high) >> 1
      const bound = bounds[2 * WORDS * middle]!
      // Most differ in their first words.
      if (bound === a ? this.#compare6(2 * WORDS * middle) <= 0 : bound < a) low = middle + 1
      else high = middle
    }
    return low > 0 && this.#compare6(2 * WORDS * low - WORDS) >= 0
  }

  /** Negative where the bound at `at` comes before what is wanted, 0 where it is the same. */
  #compare6(at: number): number {
    const bounds = this.#v6
    const wanted = this.#wanted
    for (let i = 0; i < WORDS; i++) {
      const bound = bounds[at + i]!
      if (bound !== wanted[i]!) return bound < wanted[i]! ? -1 : 1
    }
    return 0
  }
}

function makeTable(ranges: readonly AddressRange[], words: number): Int32Array {
  const sorted = ranges.toSorted((one, other) => (one.first < other.first ? -1 : 1))
  const merged: { first: bigint; last: bigint }[] = []
  for (const { first, last } of sorted) {
    const before = merged.at(-1)
    if (before === undefined || first > before.last + 1n) merged.push({ first, last })
    else if (last > before.last) before.last = last
  }
  const table = new Int32Array(2 * words * merged.length)
  let at = 0
  for (const { first, last } of merged)
    for (const bound of [first, last])
      for (let i = words - 1; i >= 0; i--)
        table[at++] = Number(BigInt.asIntN(32, bound >> BigInt(32 * i))) ^ SIGN
  return table
}

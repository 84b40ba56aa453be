/**
 * picker — many sub-routes of one host and path, told apart by method, header or SNI without walking through all.
 *
 * WHAT    A tree over one long list of ranks. A fork takes one attribute: sub-routes that name plain values of it are
 *         filed under each of those values, the others go to `rest`, and both sides are forked again while they are
 *         long and another attribute divides them. A request follows its own value and the rest.
 *
 *           long list --by method--> GET  --by header 'version'--> '1'  [3, 17]
 *                                    POST [4, 9]                   '2'  [5]
 *                                    rest [80]                     rest [21]
 *
 *         Filing is only a sieve: a sub-route found here is still checked in full.
 *
 * LIMITS  FORKS_MAX forks on any way down, so a request reaches at most 2 to that many ends for each value it sends.
 *         Sub-routes that differ by patterns only are walked through.
 */

import type { Check } from './check.ts'
import { BytesTable, LOWER } from './tables/bytes-table.ts'

/** Lists up to this long are walked. */
export const LIST_MAX = 8
const FORKS_MAX = 3
/** An attribute is worth a fork when no side keeps more than this share of the list. */
const SHARE_MAX = 0.75

export const BY_METHOD = 0
export const BY_SNI = 1
export const BY_HEADER = 2

export class Picker {
  /** The lowest rank below. */
  readonly best: number
  /** When there is no fork: all of them, ascending. */
  readonly ranks: Int32Array
  readonly fork: Fork | null

  constructor(ranks: readonly number[], fork: Fork | null) {
    this.best = ranks[0]!
    this.ranks = Int32Array.from(fork === null ? ranks : [])
    this.fork = fork
  }
}

export class Fork {
  readonly by: number
  /** The header's name in lower case. */
  readonly header: string
  /** The values, to be found as bytes or as strings: the side's place. */
  readonly table: BytesTable
  readonly places: ReadonlyMap<string, number>
  readonly sides: readonly Picker[]
  readonly rest: Picker | null
  /** The same list without this fork: plain HTTP has no SNI and passes all of them. Null for other forks. */
  readonly whole: Picker | null

  constructor(attribute: Attribute, split: Split, make: (ranks: readonly number[]) => Picker) {
    const values = [...split.sides.keys()]
    this.by = attribute.by
    this.header = attribute.name
    this.table = new BytesTable(values, LOWER, false)
    this.places = new Map(values.map((value, i) => [value, i]))
    this.sides = [...split.sides.values()].map(make)
    this.rest = split.rest.length === 0 ? null : make(split.rest)
    this.whole = attribute.by === BY_SNI ? make([...split.whole]) : null
  }
}

/** What a picker has to know of a sub-route. */
export interface Traits {
  readonly methods: readonly string[] | null
  readonly check: Check | null
}

interface Attribute {
  readonly by: number
  readonly name: string
}

interface Split {
  readonly sides: ReadonlyMap<string, readonly number[]>
  readonly rest: readonly number[]
  readonly whole: readonly number[]
}

export function buildPicker(ranks: readonly number[], traits: readonly Traits[]): Picker {
  return divide(ranks, attributesOf(ranks, traits), traits, FORKS_MAX)
}

function divide(
  ranks: readonly number[],
  attributes: readonly Attribute[],
  traits: readonly Traits[],
  forksLeft: number,
): Picker {
  if (ranks.length <= LIST_MAX || forksLeft === 0) return new Picker(ranks, null)
  let best: Attribute | null = null
  let bestSplit: Split | null = null
  let share = ranks.length * SHARE_MAX
  for (const attribute of attributes) {
    const split = splitBy(attribute, ranks, traits)
    const longest = longestOf(split)
    if (longest > share) continue
    share = longest
    best = attribute
    bestSplit = split
  }
  if (best === null || bestSplit === null) return new Picker(ranks, null)
  const others = attributes.filter((attribute) => attribute !== best)
  return new Picker(ranks, new Fork(best, bestSplit, (part) => divide(part, others, traits, forksLeft - 1)))
}

function splitBy(attribute: Attribute, ranks: readonly number[], traits: readonly Traits[]): Split {
  const sides = new Map<string, number[]>()
  const rest: number[] = []
  for (const rank of ranks) {
    const values = valuesOf(attribute, traits[rank]!)
    if (values === null) rest.push(rank)
    else
      for (const value of new Set(values))
        sides
          .set(value, sides.get(value) ?? [])
          .get(value)!
          .push(rank)
  }
  return { sides, rest, whole: ranks }
}

/** The plain values of which a request must have one; null when the sub-route does not say so. */
function valuesOf(attribute: Attribute, { methods, check }: Traits): Iterable<string> | null {
  // Tables are without case; that GET and get then share a side is no harm, since sides are only a sieve.
  if (attribute.by === BY_METHOD)
    return methods === null || methods.length === 0 ? null : methods.map((method) => method.toLowerCase())
  if (attribute.by === BY_SNI) return check?.sni?.isPlain ? check.sni.names : null
  const header = check?.headers.find((one) => one.name === attribute.name)
  return header !== undefined && header.patterns.length === 0 ? header.values : null
}

function longestOf(split: Split): number {
  let longest = split.rest.length
  for (const side of split.sides.values()) longest = Math.max(longest, side.length)
  return longest
}

const HEADERS_TRIED_MAX = 4

/** Method, SNI and the headers that most of these sub-routes name. */
function attributesOf(ranks: readonly number[], traits: readonly Traits[]): Attribute[] {
  const counts = new Map<string, number>()
  for (const rank of ranks)
    for (const header of traits[rank]!.check?.headers ?? [])
      counts.set(header.name, (counts.get(header.name) ?? 0) + 1)
  const headers = [...counts].sort((left, right) => right[1] - left[1]).slice(0, HEADERS_TRIED_MAX)
  return [
    { by: BY_METHOD, name: '' },
    { by: BY_SNI, name: '' },
    ...headers.map(([name]) => ({ by: BY_HEADER, name })),
  ]
}

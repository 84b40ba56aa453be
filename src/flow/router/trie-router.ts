/**
 * trie-router — finds a request's route; what it costs does not grow with the number of routes.
 *
 * WHAT    All sub-routes have one total order (sub-route.ts); the place in it is the rank, 0 the best, and every table
 *         here is indexed by it. `find` walks the path trie of each bucket that the host leads to and keeps the lowest
 *         rank whose checks pass. A subtree or list that holds nothing below the rank already won is left out.
 *
 * WRITES  The worker that owns the plan; a find uses the fields below as its scratch and is over when it returns.
 *
 * LIMITS  Buckets: two for each dot of the host, and three. Nodes: one for each byte of the path. Candidates at a node:
 *         LIST_MAX before a picker divides them. Regex paths that share their literal start are tried one by one.
 *
 * HOT     Runs once a request. No allocation, but for a string of the path when a regex is tried and for the groups
 *         of the regex that won.
 */
import type { Exchange } from '../../contract/exchange.ts'
import type { Route, Router } from '../../contract/plan.ts'
import { STRIDE as FIELD_STRIDE } from '../../http1/head.ts'
import { type Check, foldSni, isNamed } from './check.ts'
import { BY_HEADER, BY_METHOD, type Fork, type Picker } from './picker.ts'
import type { Regex } from './regex.ts'
import { HASH_SEED, hashStep, LOWER } from './tables/bytes-table.ts'
import type { HostIndex } from './tables/host-index.ts'
import { bitOf, type MethodSet } from './tables/method-set.ts'
import {
  BEST,
  BY_PICKER,
  CHILD,
  CHILDREN,
  LABEL,
  LABEL_END,
  LIST,
  LIST_COUNT,
  NO_RANK,
  type PathTrie,
  STRIDE,
} from './tables/path-trie.ts'

export interface RouterTables {
  readonly hosts: HostIndex
  readonly methods: MethodSet
  readonly trie: PathTrie
  readonly pickers: readonly Picker[]
  /** By rank, as are the following. */
  readonly routes: readonly Route[]
  /** Bits of methods; ANY_METHOD for all. */
  readonly masks: Int32Array
  /** Bytes of the prefix; -1 for a sub-route without path. A regex tells its own. */
  readonly lengths: Int32Array
  readonly checks: readonly (Check | null)[]
}

/** -1 is a route without path, which matches. */
const MISS = -2

export class TrieRouter implements Router {
  readonly #hosts: HostIndex
  readonly #methods: MethodSet
  readonly #nodes: Int32Array
  readonly #labels: Uint8Array
  readonly #firsts: Uint8Array
  readonly #lists: Int32Array
  readonly #pickers: readonly Picker[]
  readonly #routes: readonly Route[]
  readonly #masks: Int32Array
  readonly #lengths: Int32Array
  readonly #checks: readonly (Check | null)[]
  /** Number and bit of the request's method. */
  #method: number
  #bit: number
  /** The rank to beat. */
  #best: number
  /** Bytes matched by it. */
  #length: number
  /** 0: the path has not been looked at, 1: it is ASCII and stands in `ascii`, 2: it is not. */
  #textState: number
  #ascii: string

  constructor(tables: RouterTables) {
    this.#hosts = tables.hosts
    this.#methods = tables.methods
    this.#nodes = tables.trie.nodes
    this.#labels = tables.trie.labels
    this.#firsts = tables.trie.firsts
    this.#lists = tables.trie.lists
    this.#pickers = tables.pickers
    this.#routes = tables.routes
    this.#masks = tables.masks
    this.#lengths = tables.lengths
    this.#checks = tables.checks
    this.#method = -1
    this.#bit = 0
    this.#best = NO_RANK
    this.#length = -1
    this.#textState = 0
    this.#ascii = ''
  }

  find(x: Exchange): boolean {
    const request = x.request
    this.#best = NO_RANK
    this.#length = -1
    this.#method = this.#methods.find(request.bytes, request.methodStart, request.methodEnd)
    this.#bit = bitOf(this.#method)
    const hosts = this.#hosts
    hosts.find(request.bytes, x.hostStart, x.hostEnd, portOf(x))
    // From the end: the buckets of named hosts come before that of any host, so that it is mostly pruned.
    for (let i = hosts.count - 1; i >= 0; i--) this.#walk(x, hosts.found[i]!)
    return this.#settle(x)
  }

  #settle(x: Exchange): boolean {
    const best = this.#best
    const ascii = this.#ascii
    x.captures = null
    this.#textState = 0
    this.#ascii = ''
    if (best === NO_RANK) {
      x.route = null
      x.matchedLength = -1
      return false
    }
    x.route = this.#routes[best]!
    x.matchedLength = this.#length
    const check = this.#checks[best]!
    if (check !== null && check.regex !== null && check.regex.groups !== 0)
      x.captures = check.regex.makeCaptures(x.pathBytes, x.pathStart, x.pathEnd, ascii)
    return true
  }

  #walk(x: Exchange, root: number): void {
    const nodes = this.#nodes
    const labels = this.#labels
    const bytes = x.pathBytes
    const end = x.pathEnd
    let at = x.pathStart
    let node = root
    while (node >= 0) {
      const row = node * STRIDE
      if (nodes[row + BEST]! >= this.#best) return
      const labelEnd = nodes[row + LABEL_END]!
      for (let i = nodes[row + LABEL]!; i < labelEnd; i++, at++)
        if (at >= end || labels[i] !== bytes[at]) return
      const count = nodes[row + LIST_COUNT]!
      if (count > 0) this.#scan(x, this.#lists, nodes[row + LIST]!, count)
      else if (count === BY_PICKER) this.#pick(x, this.#pickers[nodes[row + LIST]!]!)
      if (at >= end) return
      node = this.#childOf(row, bytes[at]!)
    }
  }

  /** The child whose label begins with this byte, or -1. */
  #childOf(row: number, byte: number): number {
    const firsts = this.#firsts
    let low = this.#nodes[row + CHILD]!
    let high = low + this.#nodes[row + CHILDREN]!
    while (low < high) {
      const middle = (low + high) >>> 1
      const first = firsts[middle]!
      if (first === byte) return middle
      if (first < byte) low = middle + 1
      else high = middle
    }
    return -1
  }

  /** Takes the first of the ascending ranks that passes, if it beats the best. */
  #scan(x: Exchange, ranks: Int32Array, start: number, count: number): void {
    for (let i = start; i < start + count; i++) {
      const rank = ranks[i]!
      if (rank >= this.#best) return
      if ((this.#masks[rank]! & this.#bit) === 0) continue
      const length = this.#lengthOf(x, rank)
      if (length === MISS) continue
      this.#best = rank
      this.#length = length
      return
    }
  }

  /** Bytes matched by the sub-route, whose prefix and method fit; MISS when one of its checks does not pass. */
  #lengthOf(x: Exchange, rank: number): number {
    const check = this.#checks[rank]!
    if (check === null) return this.#lengths[rank]!
    if (!check.passes(x, this.#method)) return MISS
    if (check.regex === null) return this.#lengths[rank]!
    const length = this.#matchRegex(x, check.regex)
    return length < 0 ? MISS : length
  }

  #matchRegex(x: Exchange, regex: Regex): number {
    if (this.#textState === 0) {
      const ascii = isAscii(x.pathBytes, x.pathStart, x.pathEnd)
      this.#textState = ascii ? 1 : 2
      this.#ascii = ascii ? x.pathBytes.latin1Slice(x.pathStart, x.pathEnd) : ''
    }
    return regex.matchStart(x.pathBytes, x.pathStart, x.pathEnd, this.#ascii)
  }

  #pick(x: Exchange, picker: Picker): void {
    if (picker.best >= this.#best) return
    const fork = picker.fork
    if (fork === null) {
      this.#scan(x, picker.ranks, 0, picker.ranks.length)
      return
    }
    if (fork.whole !== null && (x.client === null || x.client.scheme !== 'https')) {
      this.#pick(x, fork.whole)
      return
    }
    if (fork.by === BY_HEADER) this.#pickByHeader(x, fork)
    else {
      const request = x.request
      const place =
        fork.by === BY_METHOD
          ? placeOf(fork, request.bytes, request.methodStart, request.methodEnd)
          : (fork.places.get(foldSni(x.client!.sni)) ?? -1)
      if (place >= 0) this.#pick(x, fork.sides[place]!)
    }
    if (fork.rest !== null) this.#pick(x, fork.rest)
  }

  #pickByHeader(x: Exchange, fork: Fork): void {
    const head = x.request
    for (let row = 0; row < head.count; row++) {
      if (!isNamed(head, row, fork.header)) continue
      const start = head.spans[row * FIELD_STRIDE + 2]!
      const place = placeOf(fork, head.bytes, start, head.spans[row * FIELD_STRIDE + 3]!)
      if (place >= 0) this.#pick(x, fork.sides[place]!)
    }
    for (let i = 0; i < head.added.length; i++) {
      const field = head.added[i]!
      if (field.name.toLowerCase() !== fork.header) continue
      const place = fork.places.get(field.value.toLowerCase())
      if (place !== undefined) this.#pick(x, fork.sides[place]!)
    }
  }
}

function placeOf(fork: Fork, bytes: Buffer, start: number, end: number): number {
  let hash = HASH_SEED
  for (let i = start; i < end; i++) hash = hashStep(hash, LOWER[bytes[i]!]!)
  return fork.table.find(hash, bytes, start, end)
}

/** The port the request names, or its scheme's. */
function portOf(x: Exchange): number {
  if (x.hostPort !== 0) return x.hostPort
  return x.client !== null && x.client.scheme === 'https' ? 443 : 80
}

function isAscii(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! >= 128) return false
  return true
}

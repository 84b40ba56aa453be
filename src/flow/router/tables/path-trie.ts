/**
 * path-trie — path prefixes of all hosts in one compact tree, each with the sub-routes that stand there.
 *
 * WHAT    A radix tree over bytes, in four arrays. Node b is the root of bucket b (a host, host-index.ts). STRIDE int32
 *         a node, 32 bytes, so that a step costs one line of the processor's cache:
 *
 *           nodes  +-----------+---------+-------------+----------+------------+-----------+------+---+
 *           node n | label     | label   | first child | children | list       | list      | best | - |
 *                  |   start   |   end   |   (a node)  |          |   start    |   count   |      |   |
 *                  +-----------+---------+-------------+----------+------------+-----------+------+---+
 *           labels   bytes of all labels          firsts   of node n: its label's first byte
 *           lists    ranks, ascending within a node
 *
 *         Children are neighbours in order of their first byte. `best` is the lowest rank at or below the node. A list
 *         too long to be walked is a picker instead: count BY_PICKER, start its place among the pickers.
 *
 * LIMITS  At most two nodes an entry, and one a bucket.
 */

export const STRIDE = 8
export const LABEL = 0
export const LABEL_END = 1
export const CHILD = 2
export const CHILDREN = 3
export const LIST = 4
export const LIST_COUNT = 5
export const BEST = 6

export const BY_PICKER = -1
export const NO_RANK = 0x7fffffff

/** One sub-route under one host: the bytes every path it takes begins with, one character a byte. */
export interface Entry {
  readonly prefix: string
  readonly rank: number
}

export interface PathTrie {
  readonly nodes: Int32Array
  readonly labels: Uint8Array
  readonly firsts: Uint8Array
  readonly lists: Int32Array
}

/** `buckets[b]` holds the entries of bucket b by ascending rank; `isLong` says which lists become pickers. */
export function buildTrie(
  buckets: readonly (readonly Entry[])[],
  addPicker: (ranks: readonly number[]) => number,
  listMax: number,
): PathTrie {
  return new Builder(buckets, addPicker, listMax).build()
}

/** Entries [low, high) of a bucket, which agree on their first `depth` bytes, below `node`. */
interface Work {
  readonly entries: readonly Entry[]
  readonly node: number
  readonly low: number
  readonly high: number
  readonly depth: number
}

class Builder {
  readonly #addPicker: (ranks: readonly number[]) => number
  readonly #listMax: number
  readonly #nodes: Int32Array
  readonly #firsts: Uint8Array
  readonly #lists: Int32Array
  readonly #work: Work[]
  #labels: Uint8Array
  #labelsUsed: number
  #listsUsed: number
  #nodesUsed: number

  constructor(
    buckets: readonly (readonly Entry[])[],
    addPicker: (ranks: readonly number[]) => number,
    listMax: number,
  ) {
    let count = 0
    for (const entries of buckets) count += entries.length
    this.#addPicker = addPicker
    this.#listMax = listMax
    this.#nodes = new Int32Array((count * 2 + buckets.length) * STRIDE)
    this.#firsts = new Uint8Array(count * 2 + buckets.length)
    this.#lists = new Int32Array(count)
    this.#labels = new Uint8Array(1024)
    this.#labelsUsed = 0
    this.#listsUsed = 0
    this.#nodesUsed = buckets.length
    this.#work = buckets.map((entries, node) => ({
      entries: entries.slice().sort(byPrefix),
      node,
      low: 0,
      high: entries.length,
      depth: 0,
    }))
  }

  build(): PathTrie {
    // In the order of distance from the roots, which keeps the nodes that every request visits close together.
    for (let i = 0; i < this.#work.length; i++) this.#fill(this.#work[i]!)
    this.#raiseBest()
    return {
      nodes: this.#nodes.slice(0, this.#nodesUsed * STRIDE),
      labels: this.#labels.slice(0, this.#labelsUsed),
      firsts: this.#firsts.slice(0, this.#nodesUsed),
      lists: this.#lists.slice(0, this.#listsUsed),
    }
  }

  #fill(work: Work): void {
    const { entries, node, low, high, depth } = work
    const at = node * STRIDE
    this.#nodes[at + BEST] = NO_RANK
    if (low === high) return
    // A root keeps an empty label, so that what asks for no path stands there.
    const isRoot = depth === 0
    const end = isRoot ? 0 : commonEnd(entries[low]!.prefix, entries[high - 1]!.prefix, depth)
    const start = isRoot ? 0 : depth - 1
    this.#firsts[node] = entries[low]!.prefix.charCodeAt(start) || 0
    this.#putLabel(at, entries[low]!.prefix, start, end)
    let next = low
    while (next < high && entries[next]!.prefix.length === end) next++
    if (next > low) this.#putList(at, entries, low, next)
    this.#putChildren(work, next, end)
  }

  #putLabel(at: number, prefix: string, start: number, end: number): void {
    while (this.#labelsUsed + end - start > this.#labels.length) {
      const grown = new Uint8Array(this.#labels.length * 2)
      grown.set(this.#labels)
      this.#labels = grown
    }
    this.#nodes[at + LABEL] = this.#labelsUsed
    for (let i = start; i < end; i++) this.#labels[this.#labelsUsed++] = prefix.charCodeAt(i)
    this.#nodes[at + LABEL_END] = this.#labelsUsed
  }

  #putList(at: number, entries: readonly Entry[], low: number, high: number): void {
    this.#nodes[at + BEST] = entries[low]!.rank
    if (high - low > this.#listMax) {
      this.#nodes[at + LIST_COUNT] = BY_PICKER
      this.#nodes[at + LIST] = this.#addPicker(entries.slice(low, high).map((entry) => entry.rank))
      return
    }
    this.#nodes[at + LIST_COUNT] = high - low
    this.#nodes[at + LIST] = this.#listsUsed
    for (let i = low; i < high; i++) this.#lists[this.#listsUsed++] = entries[i]!.rank
  }

  /** From entry `from` on, all are longer than `depth`. */
  #putChildren({ entries, node, high }: Work, from: number, depth: number): void {
    this.#nodes[node * STRIDE + CHILD] = this.#nodesUsed
    let low = from
    while (low < high) {
      const byte = entries[low]!.prefix.charCodeAt(depth)
      let end = low + 1
      while (end < high && entries[end]!.prefix.charCodeAt(depth) === byte) end++
      this.#work.push({ entries, node: this.#nodesUsed++, low, high: end, depth: depth + 1 })
      low = end
    }
    this.#nodes[node * STRIDE + CHILDREN] = this.#nodesUsed - this.#nodes[node * STRIDE + CHILD]!
  }

  /** Children have larger numbers than their parents, so one pass from the end does. */
  #raiseBest(): void {
    const nodes = this.#nodes
    for (let node = this.#nodesUsed - 1; node >= 0; node--) {
      const at = node * STRIDE
      let best = nodes[at + BEST]!
      for (let i = 0; i < nodes[at + CHILDREN]!; i++)
        best = Math.min(best, nodes[(nodes[at + CHILD]! + i) * STRIDE + BEST]!)
      nodes[at + BEST] = best
    }
  }
}

/** Stable, so that ranks stay ascending among equals. */
function byPrefix(left: Entry, right: Entry): number {
  return left.prefix < right.prefix ? -1 : left.prefix > right.prefix ? 1 : 0
}

/** Up to where two prefixes agree; sorted, the first and the last speak for all between. */
function commonEnd(left: string, right: string, from: number): number {
  let i = from
  while (i < left.length && i < right.length && left.charCodeAt(i) === right.charCodeAt(i)) i++
  return i
}

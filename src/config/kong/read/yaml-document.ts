/**
 * yaml-document — the complete YAML reader: values, and the place of every path, with bounds on what a hostile file
 * can cost (depth, expanded nodes) and with repeated keys as findings.
 */
import { isAlias, isMap, isNode, isPair, isScalar, isSeq, type Pair, parseDocument, type YAMLMap } from 'yaml'
import type { Value } from '../../../contract/schema.ts'
import { type Finding, finding, type Path } from '../../problems.ts'

/** A finding about the text itself: it has an offset and no path. */
export interface TextFinding {
  readonly offset: number
  readonly message: string
}

export interface YamlDocument {
  readonly value: Value
  readonly textFindings: readonly TextFinding[]
  /** Repeated keys, and what was too much. */
  readonly findings: readonly Finding[]
  /** The offset of what `path` leads to, or of the nearest thing around it that exists. */
  offsetOf(path: Path, at: 'key' | 'value'): number
}

export const DEPTH_MAX = 64
/** Nodes once aliases are followed: 10,000 routes are about 300,000. */
const NODES_MAX = 2_000_000
const TEXT_FINDINGS_MAX = 20

export function yamlDocument(text: string): YamlDocument {
  try {
    const document = parseDocument(text, {
      uniqueKeys: false, // The library compares each key with each; the reading below uses a set.
      prettyErrors: false,
      logLevel: 'silent',
      merge: true,
    })
    const errors = document.errors.slice(0, TEXT_FINDINGS_MAX)
    const textFindings = errors.map((error) => ({ offset: error.pos[0], message: error.message }))
    return new Reading(document.contents, textFindings)
  } catch (error) {
    // The library recurses, so what is nested too deeply ends its stack.
    const message = error instanceof RangeError ? 'nested too deeply' : String(error)
    return { value: null, textFindings: [{ offset: 0, message }], findings: [], offsetOf: () => 0 }
  }
}

const TOO_MUCH = new Error('bound reached')

class Reading implements YamlDocument {
  readonly value: Value
  readonly textFindings: readonly TextFinding[]
  readonly findings: Finding[] = []
  readonly #root: unknown
  readonly #anchors = new Map<string, unknown>()
  /** What each alias stood for where it stood: an anchor may be set anew further down. */
  readonly #aliased = new Map<unknown, unknown>()
  readonly #path: (string | number)[] = []
  #nodes = 0
  /** Inside an alias, anchors are not set again. */
  #borrowed = 0

  constructor(root: unknown, textFindings: readonly TextFinding[]) {
    this.#root = root
    this.textFindings = textFindings
    let value: Value = null
    try {
      value = this.#read(root)
    } catch (error) {
      if (error !== TOO_MUCH) throw error
    }
    this.value = value
  }

  #read(node: unknown): Value {
    if (++this.#nodes > NODES_MAX) this.#stop('too many values (aliases included)')
    if (this.#path.length > DEPTH_MAX) this.#stop('nested too deeply')
    if (isAlias(node)) return this.#alias(node)
    const value = this.#content(node)
    if (this.#borrowed === 0 && isNode(node) && 'anchor' in node && typeof node.anchor === 'string') {
      this.#anchors.set(node.anchor, node)
    }
    return value
  }

  #content(node: unknown): Value {
    if (isMap(node)) return this.#map(node)
    if (isSeq(node)) {
      return node.items.map((item, i) => {
        this.#path.push(i)
        const value = this.#read(item)
        this.#path.pop()
        return value
      })
    }
    if (!isScalar(node)) return null
    const value = node.value
    if (typeof value === 'symbol') return '<<'
    if (value === null || value === undefined) return null
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
    this.findings.push(finding([...this.#path], 'values with this YAML tag are not supported'))
    return null
  }

  #alias(node: { source: string }): Value {
    if (!this.#anchors.has(node.source) && !this.#aliased.has(node)) {
      this.findings.push(finding([...this.#path], `unknown alias '*${node.source}'`))
      return null
    }
    const target = this.#follow(node)
    this.#borrowed++
    const value = this.#read(target)
    this.#borrowed--
    return value
  }

  #follow(node: unknown): unknown {
    if (!isAlias(node)) return node
    const known = this.#aliased.get(node) ?? this.#anchors.get(node.source)
    if (known !== undefined) this.#aliased.set(node, known)
    return known
  }

  #map(node: YAMLMap): Value {
    const own = new Map<string, Value>()
    const merged = new Map<string, Value>()
    for (const pair of node.items) {
      if (isMerge(pair)) {
        this.#merge(pair.value, merged)
        continue
      }
      const key = this.#key(pair)
      if (key === null) continue
      this.#path.push(key)
      if (own.has(key)) this.findings.push(finding([...this.#path], `duplicate key '${key}'`, 'key'))
      own.set(key, this.#read(pair.value))
      this.#path.pop()
    }
    for (const [key, value] of merged) if (!own.has(key)) own.set(key, value)
    // fromEntries defines its keys, so that `__proto__` is a key like any other.
    return Object.fromEntries(own)
  }

  #merge(source: unknown, merged: Map<string, Value>): void {
    const sources = isSeq(source) ? source.items : [source]
    for (const each of sources) {
      const value = this.#read(each)
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        this.findings.push(finding([...this.#path], "'<<' takes a map or a list of maps"))
        continue
      }
      for (const [key, member] of Object.entries(value)) if (!merged.has(key)) merged.set(key, member)
    }
  }

  #key(pair: Pair): string | null {
    const key = this.#aliasedKey(pair.key)
    if (isScalar(key)) return key.value === null ? '' : String(key.value)
    this.findings.push(finding([...this.#path], 'a key must be a plain word or a quoted string'))
    return null
  }

  #aliasedKey(key: unknown): unknown {
    const target = this.#follow(key)
    if (isScalar(target) && this.#borrowed === 0 && typeof target.anchor === 'string') {
      this.#anchors.set(target.anchor, target)
    }
    return target
  }

  #stop(message: string): never {
    this.findings.push(finding(this.#path.slice(0, 8), message))
    throw TOO_MUCH
  }

  offsetOf(path: Path, at: 'key' | 'value'): number {
    let node = this.#root
    let offset = offsetOfNode(node) ?? 0
    for (let i = 0; i < path.length; i++) {
      const pair = this.#member(node, path[i]!)
      if (pair === null) break
      const keyOffset = offsetOfNode(pair.key)
      const wantsKey = at === 'key' && i === path.length - 1
      const here = offsetOfNode(pair.value)
      // A key without a value has no place of its own.
      offset = (wantsKey ? (keyOffset ?? here) : (here ?? keyOffset)) ?? offset
      node = this.#aliased.get(pair.value) ?? pair.value
    }
    return offset
  }

  #member(node: unknown, step: string | number): { key: unknown; value: unknown } | null {
    if (isSeq(node) && typeof step === 'number') {
      return step < node.items.length ? { key: null, value: node.items[step] } : null
    }
    if (!isMap(node)) return null
    // The last of repeated keys is the one whose value counts, and the one to point at.
    const pair = node.items.findLast((item) => !isMerge(item) && keyText(item.key) === step)
    if (pair !== undefined) return pair
    for (const item of node.items) {
      if (!isMerge(item)) continue
      const sources = isSeq(item.value) ? item.value.items : [item.value]
      for (const source of sources) {
        const found = this.#member(this.#aliased.get(source) ?? source, step)
        if (found !== null) return found
      }
    }
    return null
  }
}

function isMerge(pair: unknown): boolean {
  return isPair(pair) && isScalar(pair.key) && typeof pair.key.value === 'symbol'
}

function keyText(key: unknown): string | null {
  if (!isScalar(key)) return null
  return key.value === null ? '' : String(key.value)
}

function offsetOfNode(node: unknown): number | null {
  if (!isNode(node) || !node.range) return null
  return isScalar(node) && node.value === null && node.range[0] === node.range[1] ? null : node.range[0]
}

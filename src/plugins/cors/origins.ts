/**
 * origins — the origins that may ask, and what has been decided of those that came lately.
 *
 * WHAT    Two generations of decisions: what is asked for again moves into the young one; when that is full the old one
 *         is dropped.
 *
 * LIMITS  At most 2 × ORIGINS_MAX decisions on at most LENGTH_MAX characters each, so that nobody fills the memory by
 *         making origins up. A longer one is decided on each time.
 *
 * HOT     `find` runs once a request.
 */
import type { Host } from '../../contract/plugin.ts'
import type { AddedField } from '../../http1/added-field.ts'
import { getField, makeConstantField } from '../../http1/fields.ts'
import type { Head } from '../../http1/head.ts'
import { isPlainOrigin, makeOriginRule, type OriginRule, parseOrigin } from './origin-rule.ts'

const ORIGINS_MAX = 1000
const LENGTH_MAX = 256

export class Origins {
  /** Where the configuration has one origin and that is no pattern: it is named to everybody (as Kong). */
  readonly only: AddedField | null
  readonly #rules: readonly OriginRule[]
  #young: Map<string, AddedField | null>
  #old: Map<string, AddedField | null>

  constructor(entries: readonly string[], host: Host) {
    const [first = ''] = entries
    this.only = entries.length === 1 && isPlainOrigin(first) ? makeAllowed(first) : null
    // Kong takes it for a pattern that is broken: it matches nobody.
    this.#rules = entries.filter((entry) => entry !== '*').map(makeOriginRule)
    if (this.#rules.length < entries.length)
      host.log('warn', 'cors: "*" beside other origins matches nobody; alone it lets everybody ask')
    this.#young = new Map()
    this.#old = new Map()
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** What names the request's origin to its browser; null where it may not ask, or is not said. */
  find(request: Head): AddedField | null {
    const origin = getField(request, 'origin')
    if (origin === null) return null
    let found = this.#young.get(origin)
    if (found !== undefined) return found
    found = this.#old.get(origin)
    if (found === undefined) found = this.#judge(origin)
    if (origin.length <= LENGTH_MAX) this.#keep(origin, found)
    return found
  }

  #keep(origin: string, found: AddedField | null): void {
    if (this.#young.size >= ORIGINS_MAX) {
      const emptied = this.#old
      emptied.clear()
      this.#old = this.#young
      this.#young = emptied
    }
    this.#young.set(origin, found)
  }

  #judge(text: string): AddedField | null {
    const origin = parseOrigin(text)
    for (let i = 0; i < this.#rules.length; i++) if (this.#rules[i]!(origin)) return makeAllowed(origin.text)
    return null
  }
}

function makeAllowed(origin: string): AddedField {
  return makeConstantField('Access-Control-Allow-Origin', origin)
}

/** body-rules — the configured rules for named values of a query or a body, and what they come to for one request. */

import { toBytes } from '../../templates/lua-value.ts'
import { ConfiguredValue } from '../../transform/configured-value.ts'
import type { Edits, Pair } from '../../transform/edits.ts'
import type { HeaderLists } from '../../transform/header-rules.ts'
import { splitPair } from '../../transform/pair.ts'

type Rule = readonly [name: string, value: ConfiguredValue]

export class BodyRules {
  readonly isEmpty: boolean
  /** Whether they can make something of nothing. */
  readonly adds: boolean
  /** Those that are worked out anew for each request. */
  readonly templates: readonly ConfiguredValue[]
  readonly #remove: readonly string[]
  readonly #rename: readonly Rule[]
  readonly #replace: readonly Rule[]
  readonly #add: readonly Rule[]
  readonly #append: readonly Rule[]
  /** Where no value changes from request to request. */
  readonly #constant: Edits | null

  constructor(lists: HeaderLists) {
    this.#remove = lists.remove.map((entry) => toBytes(splitPair(entry)[0]))
    this.#rename = makeRules(lists.rename)
    this.#replace = makeRules(lists.replace)
    this.#add = makeRules(lists.add)
    this.#append = makeRules(lists.append)
    const rules = [...this.#rename, ...this.#replace, ...this.#add, ...this.#append]
    this.isEmpty = rules.length + this.#remove.length === 0
    this.adds = this.#add.length + this.#append.length > 0
    this.templates = rules.map(([, value]) => value).filter((value) => !value.isConstant)
    this.#constant = this.templates.length === 0 ? this.#read() : null
  }

  /** With what templates have come to last. */
  get edits(): Edits {
    return this.#constant ?? this.#read()
  }

  #read(): Edits {
    return {
      remove: this.#remove,
      rename: textsOf(this.#rename),
      replace: textsOf(this.#replace),
      add: textsOf(this.#add),
      append: textsOf(this.#append),
    }
  }
}

function makeRules(entries: readonly string[]): Rule[] {
  return entries.map(splitPair).map(([name, value]) => [toBytes(name), new ConfiguredValue(value, true)])
}

function textsOf(rules: readonly Rule[]): Pair[] {
  return rules.map(([name, value]) => [name, value.text])
}

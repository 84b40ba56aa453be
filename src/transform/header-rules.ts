/**
 * header-rules — a transformer's rules for header fields, compiled: remove, rename, replace, add and append, in this
 * order.
 *
 * HOT     `apply` runs once a request, or once an answer. A field that is the same for all is bytes made before.
 */
import type { AddedField } from '../http1/added-field.ts'
import { TOKEN } from '../http1/chars.ts'
import { addField, findRow, getFields, makeConstantField, removeField } from '../http1/fields.ts'
import type { Head } from '../http1/head.ts'
import { ConfiguredValue } from './configured-value.ts'
import { percent } from './form.ts'
import { splitPair } from './pair.ts'

/** As a configuration has them: `name`, `old:new` and `name:value`. */
export interface HeaderLists {
  readonly remove: readonly string[]
  readonly rename: readonly string[]
  readonly replace: readonly string[]
  readonly add: readonly string[]
  readonly append: readonly string[]
}

/** Framing and the connection are the gateway's to write. */
const OF_THE_CONNECTION = [
  'connection',
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]
/** Written anew for each target from what the gateway knows; Host has a rule of its own. */
const OF_THE_GATEWAY = [
  'host',
  'proxy',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-path',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-real-ip',
]
export const UNTOUCHABLE_IN_ANSWERS: ReadonlySet<string> = new Set(OF_THE_CONNECTION)
export const UNTOUCHABLE_IN_REQUESTS: ReadonlySet<string> = new Set([...OF_THE_CONNECTION, ...OF_THE_GATEWAY])

class NameRule {
  readonly name: string
  readonly lower: string

  constructor(name: string) {
    this.name = name
    this.lower = name.toLowerCase()
  }
}

class RenameRule extends NameRule {
  readonly to: NameRule

  constructor(name: string, to: string) {
    super(name)
    this.to = new NameRule(to)
  }
}

class FieldRule extends NameRule {
  readonly value: ConfiguredValue
  /** Null: to be made anew each time. */
  readonly field: AddedField | null

  constructor(name: string, value: ConfiguredValue) {
    super(name)
    this.value = value
    this.field = value.isConstant ? makeConstantField(name, fieldText(value.text)) : null
  }

  put(head: Head): void {
    if (this.field === null) addField(head, this.name, fieldText(this.value.text))
    else head.added.push(this.field)
  }
}

export interface HeaderRulesOptions {
  /** Names, in lower case, that no rule may speak of: one that does is passed over. */
  readonly untouchable: ReadonlySet<string>
  /** False: `$(…)` is text. */
  readonly hasTemplates: boolean
}

export class HeaderRules {
  /** Every name, in lower case, that a rule speaks of and that is untouchable. */
  readonly passedOver: readonly string[]
  /** Those that are worked out anew for each request. */
  readonly templates: readonly ConfiguredValue[]
  /** Every name, in lower case, that a rule may change. */
  readonly names: ReadonlySet<string>
  readonly #remove: readonly NameRule[]
  readonly #rename: readonly RenameRule[]
  readonly #replace: readonly FieldRule[]
  readonly #add: readonly FieldRule[]
  readonly #append: readonly FieldRule[]

  constructor(lists: HeaderLists, options: HeaderRulesOptions) {
    const passedOver = new Set<string>()
    const isOurs = (name: string) => {
      const lower = name.toLowerCase()
      if (options.untouchable.has(lower)) passedOver.add(lower)
      return !options.untouchable.has(lower)
    }
    const fieldRules = (entries: readonly string[]) =>
      entries
        .map(splitPair)
        // As in Kong, one without a value does nothing.
        .filter(([name, value]) => value !== '' && isOurs(name))
        .map(([name, value]) => new FieldRule(name, new ConfiguredValue(value, options.hasTemplates)))
    this.#remove = lists.remove
      .map((entry) => new NameRule(splitPair(entry)[0]))
      .filter((rule) => isOurs(rule.name))
    this.#rename = lists.rename
      .map(splitPair)
      .filter(([from, to]) => isOurs(from) && isOurs(to))
      .map(([from, to]) => new RenameRule(from, to))
    this.#replace = fieldRules(lists.replace)
    this.#add = fieldRules(lists.add)
    this.#append = fieldRules(lists.append)
    const fields = [...this.#replace, ...this.#add, ...this.#append]
    this.templates = fields.map((rule) => rule.value).filter((value) => !value.isConstant)
    this.passedOver = [...passedOver]
    this.names = new Set([
      ...[...this.#remove, ...this.#rename, ...fields].map((rule) => rule.lower),
      ...this.#rename.map((rule) => rule.to.lower),
    ])
  }

  apply(head: Head): void {
    for (let i = 0; i < this.#remove.length; i++) {
      const rule = this.#remove[i]!
      if (hasField(head, rule.lower)) removeField(head, rule.lower)
    }
    for (let i = 0; i < this.#rename.length; i++) {
      const rule = this.#rename[i]!
      if (hasField(head, rule.lower)) rename(head, rule)
    }
    for (let i = 0; i < this.#replace.length; i++) {
      const rule = this.#replace[i]!
      if (!hasField(head, rule.lower)) continue
      removeField(head, rule.lower)
      rule.put(head)
    }
    for (let i = 0; i < this.#add.length; i++) {
      const rule = this.#add[i]!
      if (!hasField(head, rule.lower)) rule.put(head)
    }
    for (let i = 0; i < this.#append.length; i++) this.#append[i]!.put(head)
  }
}

function rename(head: Head, rule: RenameRule): void {
  const values = getFields(head, rule.lower)
  removeField(head, rule.lower)
  removeField(head, rule.to.lower)
  for (let i = 0; i < values.length; i++) addField(head, rule.to.name, values[i]!)
}

function hasField(head: Head, lower: string): boolean {
  if (findRow(head, lower, 0) >= 0) return true
  const added = head.added
  for (let i = 0; i < added.length; i++) if (isSame(added[i]!.name, lower)) return true
  return false
}

function isSame(name: string, lower: string): boolean {
  if (name.length !== lower.length) return false
  for (let i = 0; i < lower.length; i++) if (TOKEN[name.charCodeAt(i)] !== lower.charCodeAt(i)) return false
  return true
}

/** What may stand in a field: a line break, say, that a query had encoded is encoded again. */
export function fieldText(text: string): string {
  return text.replace(CONTROLS, percent)
}

const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f]/g

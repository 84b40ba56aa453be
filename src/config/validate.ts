/**
 * validate — checks a value against a Field, fills in defaults and gathers every complaint by path, in Kong's words.
 *
 * Where an empty collection is due, `[]` and `{}` are taken for one another: Kong cannot tell them apart, and files
 * written by its tools hold either. An explicit null counts as absent.
 */
import type { EntityCheck, Field, FieldType, Value } from '../contract/schema.ts'
import { ENTITY, type Finding, finding, type Path, unknownField } from './problems.ts'

/** What only the caller can know. All doors are optional. */
export interface ValidateDoors {
  /** Answers the id that foreign key `name` means, or what is wrong with it. */
  foreign?(field: Field, value: Value, name: string): { id: string } | { message: string }
  /** Answers what a `{vault://…}` in a referenceable field stands for. */
  vault?(reference: string, path: Path): string
  /** Makes the value of an absent `auto` field; null leaves it absent. */
  auto?(field: Field): Value
  /** Names that are not in the schema of the outermost record but that one may have meant. */
  readonly alsoKnown?: readonly string[]
  /** Takes yes, no, on and off for booleans, as YAML 1.1 does. */
  readonly yamlBooleans?: boolean
}

export interface Validated {
  readonly value: Value
  readonly findings: Finding[]
}

export function validate(field: Field, value: Value, doors: ValidateDoors = {}, at: Path = []): Validated {
  const check = new Validation(doors, at)
  return { value: check.value(field, value), findings: check.findings }
}

export const VAULT_REFERENCE = /^\{vault:\/\/.+\}$/s

const TYPE_ERRORS: Readonly<Record<FieldType, string>> = {
  string: 'expected a string',
  number: 'expected a number',
  integer: 'expected an integer',
  boolean: 'expected a boolean',
  array: 'expected an array',
  set: 'expected a set',
  map: 'expected a map',
  record: 'expected a record',
  foreign: 'expected a foreign key',
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function isUuid(text: string): boolean {
  return UUID.test(text)
}

export function isRecord(value: Value | undefined): value is { [key: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

class Validation {
  readonly findings: Finding[] = []
  readonly #path: (string | number)[]
  readonly #doors: ValidateDoors
  readonly #depth: number
  readonly #alsoKnown: readonly string[]

  constructor(doors: ValidateDoors, at: Path) {
    this.#doors = doors
    this.#path = [...at]
    this.#depth = at.length
    this.#alsoKnown = doors.alsoKnown ?? []
  }

  value(field: Field, value: Value | undefined): Value {
    if (value === undefined || value === null) return this.#absent(field)
    const before = this.findings.length
    const checked = this.#typed(field, value)
    if (this.findings.length !== before) return checked
    if (field.custom !== undefined && !this.#isReference(field, value)) {
      const message = field.custom(checked)
      if (message !== null) this.#say(message)
    }
    return checked
  }

  #absent(field: Field): Value {
    const fallback = field.default
    if (fallback !== undefined && fallback !== null) {
      return typeof fallback === 'object' ? this.#typed(field, fallback) : fallback
    }
    if (field.auto === true) {
      const made = this.#doors.auto?.(field) ?? null
      if (made !== null) return made
    }
    if (field.required !== true) return null
    if (field.type === 'record') return this.#record(field, {})
    if (field.auto !== true) this.#say('required field missing')
    return null
  }

  #typed(field: Field, value: Value): Value {
    switch (field.type) {
      case 'string':
        return this.#string(field, value)
      case 'number':
      case 'integer':
        return this.#number(field, value)
      case 'boolean':
        return this.#boolean(value)
      case 'array':
      case 'set':
        return this.#list(field, value)
      case 'map':
        return this.#map(field, value)
      case 'record':
        return isEmptyList(value) ? this.#record(field, {}) : this.#record(field, value)
      case 'foreign':
        return this.#foreign(field, value)
    }
  }

  #isReference(field: Field, value: Value): value is string {
    return field.referenceable === true && typeof value === 'string' && VAULT_REFERENCE.test(value)
  }

  #string(field: Field, value: Value): Value {
    if (typeof value !== 'string') return this.#say(TYPE_ERRORS.string)
    if (this.#isReference(field, value)) {
      // What it resolves to may be empty or change later, so the rules are not for it.
      return this.#doors.vault === undefined ? value : this.#doors.vault(value, [...this.#path])
    }
    const wrong = stringRule(field, value)
    if (wrong !== null) this.#say(wrong)
    return value
  }

  #number(field: Field, value: Value): Value {
    if (typeof value !== 'number' || !Number.isFinite(value)) return this.#say(TYPE_ERRORS[field.type])
    if (field.type === 'integer' && !Number.isInteger(value)) return this.#say(TYPE_ERRORS.integer)
    const wrong = numberRule(field, value)
    if (wrong !== null) this.#say(wrong)
    return value
  }

  #boolean(value: Value): Value {
    if (typeof value === 'boolean') return value
    if (this.#doors.yamlBooleans === true && typeof value === 'string') {
      if (/^(?:yes|Yes|YES|on|On|ON)$/.test(value)) return true
      if (/^(?:no|No|NO|off|Off|OFF)$/.test(value)) return false
    }
    return this.#say(TYPE_ERRORS.boolean)
  }

  #list(field: Field, value: Value): Value {
    const list = isEmptyRecord(value) ? [] : value
    if (!Array.isArray(list)) return this.#say(TYPE_ERRORS[field.type])
    const wrong = lengthRule(field, list.length)
    if (wrong !== null) this.#say(wrong)
    const out: Value[] = []
    const elements = field.elements
    for (let i = 0; i < list.length; i++) {
      this.#path.push(i)
      out.push(elements === undefined ? list[i]! : this.#element(elements, list[i]!))
      this.#path.pop()
    }
    return field.type === 'set' ? withoutRepeats(out) : out
  }

  /** An element is there or it is wrong: a null in a list is not an absent field. */
  #element(field: Field, value: Value): Value {
    return value === null ? this.#say(TYPE_ERRORS[field.type]) : this.value(field, value)
  }

  #map(field: Field, value: Value): Value {
    const map = isEmptyList(value) ? {} : value
    if (!isRecord(map)) return this.#say(TYPE_ERRORS.map)
    const names = Object.keys(map)
    const wrong = lengthRule(field, names.length)
    if (wrong !== null) this.#say(wrong)
    const out: { [key: string]: Value } = {}
    for (const name of names) {
      this.#path.push(name)
      if (field.keys !== undefined) this.value(field.keys, name)
      const member = map[name] ?? null
      if (member !== null)
        put(out, name, field.values === undefined ? member : this.value(field.values, member))
      this.#path.pop()
    }
    return out
  }

  #record(field: Field, value: Value): Value {
    if (!isRecord(value)) return this.#say(TYPE_ERRORS.record)
    const fields = field.fields ?? {}
    for (const name of Object.keys(value)) {
      if (Object.hasOwn(fields, name)) continue
      const known = [...Object.keys(fields), ...(this.#path.length === this.#depth ? this.#alsoKnown : [])]
      this.#say(unknownField(name, known), name, 'key')
    }
    const out: { [key: string]: Value } = {}
    const failed: string[] = []
    for (const name in fields) {
      const before = this.findings.length
      this.#path.push(name)
      out[name] = this.value(fields[name]!, Object.hasOwn(value, name) ? value[name] : null)
      this.#path.pop()
      if (this.findings.length !== before) failed.push(name)
    }
    for (const check of field.entity_checks ?? []) this.#entityCheck(check, out, failed)
    return out
  }

  /** A rule over fields that are themselves wrong would only repeat the complaint, or trip over them. */
  #entityCheck(check: EntityCheck, record: { [key: string]: Value }, failed: readonly string[]): void {
    const blind =
      check.fields === undefined ? failed.length > 0 : check.fields.some((name) => failed.includes(name))
    if (blind) return
    const message = check.check(record)
    if (message === null) return
    if (check.blames !== undefined)
      this.findings.push(finding([...this.#path, ...check.blames[0].split('.')], check.blames[1]))
    this.#say(message, ENTITY)
  }

  #foreign(field: Field, value: Value): Value {
    if (this.#doors.foreign !== undefined) {
      const answer = this.#doors.foreign(field, value, String(this.#path.at(-1) ?? ''))
      return 'id' in answer ? answer.id : this.#say(answer.message)
    }
    if (typeof value === 'string') return value
    if (isRecord(value) && typeof value['id'] === 'string') return value['id']
    return this.#say(TYPE_ERRORS.foreign)
  }

  #say(message: string, step: string | null = null, at: 'key' | 'value' = 'value'): null {
    this.findings.push(finding(step === null ? [...this.#path] : [...this.#path, step], message, at))
    return null
  }
}

function stringRule(field: Field, value: string): string | null {
  const wrong = lengthRule(field, value.length)
  if (wrong !== null) return wrong
  if (field.len_min === undefined && value === '') return 'length must be at least 1'
  if (field.uuid === true && !UUID.test(value)) return 'expected a valid UUID'
  if (field.one_of !== undefined && !field.one_of.includes(value)) return oneOf(field.one_of)
  if (field.starts_with !== undefined && !value.startsWith(field.starts_with)) {
    return `should start with: ${field.starts_with}`
  }
  if (field.match !== undefined && !pattern(field.match[0]).test(value)) return field.match[1]
  return null
}

function numberRule(field: Field, value: number): string | null {
  if (field.one_of !== undefined && !field.one_of.includes(value)) return oneOf(field.one_of)
  if (field.between !== undefined && (value < field.between[0] || value > field.between[1])) {
    return `value should be between ${field.between[0]} and ${field.between[1]}`
  }
  if (field.gt !== undefined && value <= field.gt) return `value must be greater than ${field.gt}`
  return null
}

function lengthRule(field: Field, length: number): string | null {
  if (field.len_min !== undefined && length < field.len_min) return `length must be at least ${field.len_min}`
  if (field.len_max !== undefined && length > field.len_max) return `length must be at most ${field.len_max}`
  return null
}

function oneOf(choices: readonly (string | number)[]): string {
  return `expected one of: ${choices.join(', ')}`
}

/** Patterns come from schemas, so their number is bounded by the code. */
const patterns = new Map<string, RegExp>()

function pattern(source: string): RegExp {
  let compiled = patterns.get(source)
  if (compiled === undefined) patterns.set(source, (compiled = new RegExp(source, 'u')))
  return compiled
}

function withoutRepeats(list: Value[]): Value[] {
  const seen = new Set<Value>()
  return list.filter((item) => {
    const key = typeof item === 'object' ? JSON.stringify(item) : item
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/** A plain assignment to `__proto__` would set the prototype instead. */
function put(record: { [key: string]: Value }, name: string, value: Value): void {
  if (name !== '__proto__') record[name] = value
  else Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true })
}

function isEmptyList(value: Value): boolean {
  return Array.isArray(value) && value.length === 0
}

function isEmptyRecord(value: Value): boolean {
  return isRecord(value) && Object.keys(value).length === 0
}

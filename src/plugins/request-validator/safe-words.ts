/**
 * safe-words — the words of JSON Schema with which a schema or a body could hold a thread up, made so that none can.
 *
 * `pattern` and its like go to RE2, whose time is linear; `format` looks at strings of bounded length; `uniqueItems`
 * compares texts in a set, not each item with each.
 */
import type { Ajv, Format } from 'ajv'
import { RE2JS } from 're2js'
import { BUDGET } from './schema-walk.ts'

export const PATTERN_MAX = 2048
/** Instructions of RE2: time is linear in them. */
export const PROGRAM_MAX = 1000
/** The patterns of formats are not RE2's, and quadratic at worst. */
export const FORMAT_LENGTH_MAX = 2048
/** Schemas tried for one body, through references. */
export const TRIES_MAX = 1_000_000
/** Characters of items that `uniqueItems` has written out to compare them: as many cost as much as a try. */
const CHARS_A_TRY = 8

interface Pattern {
  test(text: string): boolean
}

/** As ajv's `code.regExp`. Throws an Error that shows the pattern. */
function compilePattern(source: string): Pattern {
  if (source.length > PATTERN_MAX) throw new Error(`a pattern is longer than ${PATTERN_MAX} characters`)
  let pattern: RE2JS
  try {
    pattern = RE2JS.compile(RE2JS.translateRegExp(source))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`pattern ${JSON.stringify(source)} cannot be used (RE2): ${reason}`)
  }
  if (pattern.programSize() > PROGRAM_MAX)
    throw new Error(`pattern ${JSON.stringify(source)} is too large once its repetitions are written out`)
  return pattern
}

/** `code` is for validators written to files, which these never are. */
export const patterns = Object.assign((source: string) => compilePattern(source), { code: '' })

/** What is left of TRIES_MAX; one validation runs at a time. */
const budget = { left: 0 }

export function openBudget(): void {
  budget.left = TRIES_MAX
}

function spend(tries = 1): boolean {
  budget.left -= tries
  if (budget.left < 0) throw new Error('it takes too much work to validate')
  return true
}

export function addSafeWords(ajv: Ajv, formats: Readonly<Record<string, Format>>): void {
  ajv.addKeyword({ keyword: BUDGET, schema: false, errors: false, validate: () => spend() })
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    error: { message: 'must NOT have duplicate items' },
    validate: (isWanted: boolean, items: readonly unknown[]) => !isWanted || areUnique(items),
  })
  for (const [name, format] of Object.entries(formats)) ajv.addFormat(name, boundFormat(name, format))
}

/** Where a schema refers to itself, what is nested is written out once a level. */
function areUnique(items: readonly unknown[]): boolean {
  if (items.length < 2) return true
  const seen = new Set<unknown>()
  for (const item of items) {
    // No text of an object or array is that of a string: those keep their quotes.
    const key = typeof item === 'number' || typeof item === 'boolean' ? item : canonical(item)
    if (typeof key === 'string') spend(key.length / CHARS_A_TRY)
    if (seen.has(key)) return false
    seen.add(key)
  }
  return true
}

/** Equal for what is equal in JSON, whatever the order of members. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

function boundFormat(name: string, format: Format): Format {
  // Linear, and base64 may be long.
  if (name === 'byte' || typeof format === 'boolean' || typeof format === 'string') return format
  const check = format instanceof RegExp || typeof format === 'function' ? format : format.validate
  if (typeof format === 'object' && 'type' in format && format.type === 'number') return format
  if (check instanceof RegExp) return bounded((text) => check.test(text))
  // What is left of text's formats are functions of a string.
  return typeof check === 'function' ? bounded(check as (text: string) => boolean) : format
}

function bounded(check: (text: string) => boolean): (text: string) => boolean {
  return (text) => text.length <= FORMAT_LENGTH_MAX && check(text)
}

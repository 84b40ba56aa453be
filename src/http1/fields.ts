/**
 * Fields by name as strings, and edits, for plugins and other code that runs only when asked to.
 *
 * Names are compared without case (RFC 9110 §5.1). A field that was set or added by an edit is seen by later reads.
 */
import { AddedField } from './added-field.ts'
import { TOKEN } from './chars.ts'
import { DROPPED, type Head, STRIDE } from './head.ts'

/** True when row's name equals `lower`, a lower-case name. */
function isNamed(head: Head, row: number, lower: string): boolean {
  const at = row * STRIDE
  const start = head.spans[at]!
  if (head.spans[at + 4] === DROPPED || head.spans[at + 1]! - start !== lower.length) return false
  for (let i = 0; i < lower.length; i++)
    if (TOKEN[head.bytes[start + i]!] !== lower.charCodeAt(i)) return false
  return true
}

/** The first row at or after `from` with this name, in lower case; -1: none. What edits have added has no row. */
export function findRow(head: Head, lower: string, from: number): number {
  const spans = head.spans
  const count = head.count | 0
  const length = lower.length | 0
  let at = (from * STRIDE) | 0
  for (let row = from | 0; row < count; row++) {
    // Nearly all are told apart by their length.
    if (((spans[at + 1]! - spans[at]!) | 0) === length && isNamed(head, row, lower)) return row
    at += STRIDE
  }
  return -1
}

/** The first value of a field, or null. `lower` is the name in lower case. */
export function getField(head: Head, lower: string): string | null {
  for (let row = 0; row < head.count; row++) if (isNamed(head, row, lower)) return head.valueAt(row)
  for (const field of head.added) if (field.name.toLowerCase() === lower) return field.value
  return null
}

/** All values of a field, in order. */
export function getFields(head: Head, lower: string): string[] {
  const values: string[] = []
  for (let row = 0; row < head.count; row++) if (isNamed(head, row, lower)) values.push(head.valueAt(row))
  for (const field of head.added) if (field.name.toLowerCase() === lower) values.push(field.value)
  return values
}

export function removeField(head: Head, lower: string): void {
  for (let row = 0; row < head.count; row++) {
    if (!isNamed(head, row, lower)) continue
    const at = row * STRIDE + 4
    head.present &= ~(1 << head.spans[at]!)
    head.spans[at] = DROPPED
  }
  for (let i = head.added.length - 1; i >= 0; i--) {
    const name = head.added[i]!.name
    if (name.length === lower.length && name.toLowerCase() === lower) head.added.splice(i, 1)
  }
}

/** Appends a field. Throws RangeError for a name or value that could break the head's framing. */
export function addField(head: Head, name: string, value: string): void {
  checkField(name, value)
  head.added.push(new AddedField(name, value, null, -1))
}

/** A name that was looked at once, for a plugin that adds one field to many heads. */
export class FieldName {
  readonly name: string
  readonly lower: string

  /** Throws RangeError for what is no field name. */
  constructor(name: string) {
    checkField(name, '')
    this.name = name
    this.lower = name.toLowerCase()
  }

  /** For `head.added`. Throws as addField does. */
  make(value: string): AddedField {
    checkValue(this.name, value)
    return new AddedField(this.name, value, null, -1)
  }
}

function checkField(name: string, value: string): void {
  if (name === '' || !isToken(name)) throw new RangeError(`not a field name: ${JSON.stringify(name)}`)
  checkValue(name, value)
}

function checkValue(name: string, value: string): void {
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) throw new RangeError(`not a value for field ${name}`)
}

/** A field whose bytes are made once, for `head.added` of any number of heads. Throws as addField does. */
export function makeConstantField(name: string, value: string): AddedField {
  checkField(name, value)
  return new AddedField(name, value, Buffer.from(`${name}: ${value}\r\n`, 'latin1'), -1)
}

/** The bytes of a field before its count: the `line` of an AddedField that has one. */
export function makeFieldStart(name: string): Uint8Array {
  checkField(name, '')
  return Buffer.from(`${name}: `, 'latin1')
}

/** Replaces all fields of this name by one. */
export function setField(head: Head, name: string, value: string): void {
  removeField(head, name.toLowerCase())
  addField(head, name, value)
}

/** Every field as it will be sent, as [name, value] pairs in order. */
export function listFields(head: Head): [name: string, value: string][] {
  const pairs: [string, string][] = []
  for (let row = 0; row < head.count; row++)
    if (!head.isDropped(row)) pairs.push([head.nameAt(row), head.valueAt(row)])
  for (const field of head.added) pairs.push([field.name, field.value])
  return pairs
}

function isToken(name: string): boolean {
  for (let i = 0; i < name.length; i++) if ((TOKEN[name.charCodeAt(i)] ?? 0) === 0) return false
  return true
}

/** Drops what was received and keeps what plugins have added: for the next try, or an answer of our own. */
export function forgetReceived(head: Head): void {
  const added = head.added.slice()
  head.reset()
  for (const field of added) head.added.push(field)
}

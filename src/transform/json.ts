/**
 * json — a JSON object edited by its own members: what no rule names stays byte for byte, and so does all of what is no
 * object or no JSON.
 */
import { applyEdits, type Edits, type Entry, namesIn, type Pair } from './edits.ts'
import { JsonScanner, MEMBER_STRIDE } from './json-scanner.ts'

const EMPTY_OBJECT = Buffer.from('{}')

/** 'unreadable': no JSON object. */
export type JsonOutcome = Buffer | 'unchanged' | 'unreadable'

/** Values of `edits` are JSON. Bytes of no length count as an object without members. */
export function editJson(body: Buffer, edits: Edits): JsonOutcome {
  const bytes = body.length === 0 ? EMPTY_OBJECT : body
  const scanner = new JsonScanner(bytes)
  if (!scanner.read()) return 'unreadable'
  const edited = applyEdits(entriesOf(bytes, scanner, namesIn(edits)), edits, appendTo)
  if (edited === null) return 'unchanged'
  return Buffer.from(`{${edited.map(write).join(',')}}`, 'latin1')
}

/** The text of a string as JSON. Both have a character a byte. */
export function jsonText(text: string): string {
  return Buffer.from(JSON.stringify(Buffer.from(text, 'latin1').toString())).toString('latin1')
}

function entriesOf(bytes: Buffer, { members, count }: JsonScanner, names: ReadonlySet<string>): Entry[] {
  const text = bytes.toString('latin1')
  const entries: Entry[] = []
  /** Where the run of members begins that no rule names; -1: there is none. */
  let run = -1
  for (let i = 0; i < count; i++) {
    const at = i * MEMBER_STRIDE
    const name = nameIn(text, members[at]!, members[at + 1]!)
    if (!names.has(name)) {
      if (run < 0) run = at
      continue
    }
    if (run >= 0) entries.push(runOf(text, members[run]!, members[at - 1]!))
    run = -1
    const value = text.slice(members[at + 2]!, members[at + 3]!)
    entries.push({ name, value, raw: text.slice(members[at]!, members[at + 3]!) })
  }
  if (run >= 0) entries.push(runOf(text, members[run]!, members[count * MEMBER_STRIDE - 1]!))
  return entries
}

function runOf(text: string, start: number, end: number): Entry {
  return { name: null, value: null, raw: text.slice(start, end) }
}

/** Of the string with its quotes at [start, end). */
function nameIn(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end - 1)
  if (!raw.includes('\\')) return raw
  const name: unknown = JSON.parse(Buffer.from(text.slice(start, end), 'latin1').toString())
  return Buffer.from(String(name)).toString('latin1')
}

function write({ name, value, raw }: Entry): string {
  return raw === '' ? `${jsonText(name ?? '')}:${value}` : raw
}

/** A list grows; what is none becomes the first of one. */
function appendTo(entries: Entry[], last: Entry | null, [name, value]: Pair): void {
  if (last === null) {
    entries.push({ name, value: `[${value}]`, raw: '' })
    return
  }
  last.value = joined(last.value ?? 'null', value)
  last.raw = ''
}

function joined(old: string, value: string): string {
  if (old === 'null') return `[${value}]`
  if (!old.startsWith('[')) return `[${old},${value}]`
  const list = old.slice(0, -1).trimEnd()
  return list === '[' ? `[${value}]` : `${list},${value}]`
}

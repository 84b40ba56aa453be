/** form — application/x-www-form-urlencoded, of a query or a body: read, edited and written. A character is a byte. */
import { applyEdits, type Edits, type Entry, namesIn } from './edits.ts'

/** Entries that `names` does not have are kept as runs of what came; null: all are read. */
export function readForm(text: string, names: ReadonlySet<string> | null): Entry[] {
  const entries: Entry[] = []
  let run: Entry | null = null
  for (let at = 0; at < text.length; ) {
    const found = text.indexOf('&', at)
    const end = found < 0 ? text.length : found
    const raw = text.slice(at, end)
    at = end + 1
    if (raw === '') continue
    const equals = raw.indexOf('=')
    const name = decode(equals < 0 ? raw : raw.slice(0, equals))
    if (names === null || names.has(name)) {
      entries.push({ name, value: equals < 0 ? null : decode(raw.slice(equals + 1)), raw })
      run = null
    } else if (run === null) {
      run = { name: null, value: null, raw }
      entries.push(run)
    } else run.raw += `&${raw}`
  }
  return entries
}

/** What came stays as it came. */
export function writeForm(entries: readonly Entry[]): string {
  return entries.map((entry) => (entry.raw === '' ? write(entry) : entry.raw)).join('&')
}

/** All of it is written anew, percent-encoded. */
export function rewriteForm(entries: readonly Entry[]): string {
  return entries.map(write).join('&')
}

/** Null: unchanged. */
export function editForm(text: string, edits: Edits): string | null {
  const edited = editEntries(readForm(text, namesIn(edits)), edits)
  return edited === null ? null : writeForm(edited)
}

/** As applyEdits: what is appended stands at the end. */
export function editEntries(entries: Entry[], edits: Edits): Entry[] | null {
  return applyEdits(entries, edits, (list, _last, [name, value]) => list.push({ name, value, raw: '' }))
}

function write({ name, value }: Entry): string {
  const key = encode(name ?? '')
  return value === null ? key : `${key}=${encode(value)}`
}

function decode(text: string): string {
  if (!/[+%]/.test(text)) return text
  return text
    .replaceAll('+', ' ')
    .replace(/%([0-9a-fA-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}

function encode(text: string): string {
  return text.replace(/[^A-Za-z0-9._~-]/g, percent)
}

/** A character that may not stand where it is. */
export function percent(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

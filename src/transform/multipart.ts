/**
 * multipart — a multipart/form-data body edited by the names of its parts.
 *
 * What is renamed, replaced or added is a plain part without file name or type, as in Kong; the other parts stay byte
 * for byte, and so does a body that is broken.
 */
import { boundaryOf, listParts } from '../http1/forms/multipart.ts'
import { TemplateError, toBytes } from '../templates/lua-value.ts'
import { applyEdits, type Edits, type Entry, type Pair } from './edits.ts'
import { percent } from './form.ts'

const NO_PAIRS: readonly Pair[] = []
const NONE: Edits = { remove: [], rename: NO_PAIRS, replace: NO_PAIRS, add: NO_PAIRS, append: NO_PAIRS }

/** Null: unchanged. Throws TemplateError for a value that would end its part. */
export function editMultipart(body: Buffer, contentType: string, edits: Edits): Buffer | null {
  const boundary = boundaryOf(contentType)
  if (boundary === null) return null
  const parts = listParts(body, contentType)
  const first = parts[0]
  const last = parts.at(-1)
  if ((first === undefined || last === undefined) && !isEmpty(body, boundary)) return null
  const text = body.toString('latin1')
  const entries: Entry[] = []
  let at = first?.start ?? 0
  for (const part of parts) {
    // A part without a name stands between those that have one.
    if (part.start > at) entries.push({ name: null, value: null, raw: text.slice(at, part.start) })
    const value = text.slice(part.valueStart, part.valueEnd)
    entries.push({ name: toBytes(part.name), value, raw: text.slice(part.start, part.end) })
    at = part.end
  }
  const edited = editEntries(entries, edits)
  if (edited === null) return null
  const head = text.slice(0, first?.start ?? 0)
  const tail = last === undefined ? `--${boundary}--\r\n` : text.slice(last.end)
  return Buffer.from(head + edited.map((entry) => write(entry, boundary)).join('') + tail, 'latin1')
}

/** No bytes, or nothing but the delimiter that closes it. */
function isEmpty(body: Buffer, boundary: string): boolean {
  const closing = `--${boundary}--`
  return body.length <= closing.length + 4 && ['', closing].includes(body.toString('latin1').trim())
}

/** Kong's order for parts: rename, remove, replace, add. It has no append. */
function editEntries(entries: Entry[], edits: Edits): Entry[] | null {
  const renamed = applyEdits(entries, { ...NONE, rename: edits.rename }, () => {})
  const rest = { ...edits, rename: NO_PAIRS, append: NO_PAIRS }
  return applyEdits(renamed ?? entries, rest, () => {}) ?? renamed
}

function write({ name, value, raw }: Entry, boundary: string): string {
  if (raw !== '') return raw
  const text = value ?? ''
  if (text.includes(`--${boundary}`)) throw new TemplateError('a value holds the boundary of the parts')
  const label = (name ?? '').replace(/[\r\n"]/g, percent)
  return `--${boundary}\r\nContent-Disposition: form-data; name="${label}"\r\n\r\n${text}\r\n`
}

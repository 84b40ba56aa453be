/** read-fields — lines of header fields, taken apart: names in lower case, in the order in which they stand. */
import type { LoggedFields } from '../contract/machine/log-sinks.ts'

/** Names that are remembered in lower case; a client that makes up names does not fill the memory. */
const NAMES_MAX = 2048
const NAME_LENGTH_MAX = 100

const names = new Map<string, string>()

export class FieldLines {
  readonly names: string[] = []
  readonly values: string[] = []
  #fields: LoggedFields | null = null

  constructor(lines: string) {
    for (let at = 0; at < lines.length; ) {
      const found = lines.indexOf('\r\n', at)
      const end = found < 0 ? lines.length : found
      const colon = lines.indexOf(':', at)
      if (colon > at && colon < end) {
        this.names.push(lowerName(lines.slice(at, colon)))
        this.values.push(trimmed(lines, colon + 1, end))
      }
      at = end + 2
    }
  }

  get fields(): LoggedFields {
    this.#fields ??= this.#gather()
    return this.#fields
  }

  #gather(): LoggedFields {
    // A client may call a field `__proto__`.
    const fields: Record<string, string | string[]> = Object.create(null)
    for (let i = 0; i < this.names.length; i++) {
      const name = this.names[i]!
      const value = this.values[i]!
      const before = fields[name]
      if (before === undefined) fields[name] = value
      else if (typeof before === 'string') fields[name] = [before, value]
      else before.push(value)
    }
    return fields
  }
}

function lowerName(name: string): string {
  const known = names.get(name)
  if (known !== undefined) return known
  const lower = name.toLowerCase()
  if (names.size < NAMES_MAX && name.length <= NAME_LENGTH_MAX) names.set(name, lower)
  return lower
}

function trimmed(lines: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isBlank(lines.charCodeAt(start))) start++
  while (end > start && isBlank(lines.charCodeAt(end - 1))) end--
  return lines.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

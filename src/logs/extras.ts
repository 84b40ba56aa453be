/**
 * extras — custom fields in a log line: `name`, or `a.b` for an object in an object, where `\.` is a dot of the name.
 *
 * A value of null takes the field out, one of Kong's too. What stands in the way of an object (`status.x`) stays.
 */
import { quote } from './json-text.ts'

type Members = Record<string, unknown>

/** Names deeper than this are one name. */
const DEPTH_MAX = 16

/** `text`: an object as JSON. `extras`: names and values in turn. */
export function withExtras(text: string, extras: readonly (string | null)[]): string {
  if (!isSimple(text, extras)) return rewritten(text, extras)
  let more = ''
  for (let i = 0; i + 1 < extras.length; i += 2) more += `,${quote(extras[i]!)}:${quote(extras[i + 1]!)}`
  return text.slice(0, -1) + more + text.slice(-1)
}

/** True where all of them can be put behind the rest: new names without a dot, each with a value. */
function isSimple(text: string, extras: readonly (string | null)[]): boolean {
  if (text === '{}') return false
  for (let i = 0; i + 1 < extras.length; i += 2) {
    const name = extras[i]!
    if (extras[i + 1] === null || name === null || KONGS.has(name) || /[.\\]/.test(name)) return false
    for (let k = 0; k < i; k += 2) if (extras[k] === name) return false
  }
  return true
}

/** What a line may have by itself. */
const KONGS: ReadonlySet<string> = new Set([
  'request',
  'upstream_uri',
  'upstream_status',
  'response',
  'latencies',
  'tries',
  'authenticated_entity',
  'route',
  'service',
  'consumer',
  'client_ip',
  'started_at',
  'source',
  'workspace',
  'workspace_name',
  'correlation_id',
  'trace_id',
  'sluice',
])

function rewritten(text: string, extras: readonly (string | null)[]): string {
  const line = membersOf(JSON.parse(text))
  if (line === null) return text
  for (let i = 0; i + 1 < extras.length; i += 2)
    if (extras[i] !== null) setMember(line, partsOf(extras[i]!), extras[i + 1]!)
  return json(line)
}

/** JSON.stringify would write raw what quote() escapes. */
function json(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return `[${value.map(json).join(',')}]`
  const members = membersOf(value)
  if (members === null) return JSON.stringify(value)
  return `{${Object.entries(members)
    .map(([name, member]) => `${quote(name)}:${json(member)}`)
    .join(',')}}`
}

function membersOf(value: unknown): Members | null {
  // What JSON calls an object.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : null
}

export function partsOf(name: string): string[] {
  const parts = name.split(/(?<!\\)\./, DEPTH_MAX).map((part) => part.replaceAll('\\.', '.'))
  return parts.some((part) => part === '') ? [name] : parts
}

function setMember(line: Members, parts: readonly string[], value: string | null): void {
  let at = line
  for (const part of parts.slice(0, -1)) {
    if (!Object.hasOwn(at, part)) {
      if (value === null) return
      define(at, part, {})
    }
    const next = membersOf(at[part])
    if (next === null) return
    at = next
  }
  const last = parts.at(-1)!
  if (value === null) delete at[last]
  else define(at, last, value)
}

/** Also what is called `__proto__`. */
function define(of: Members, name: string, value: unknown): void {
  Object.defineProperty(of, name, { value, enumerable: true, configurable: true, writable: true })
}

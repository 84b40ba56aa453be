/**
 * origin-rule — who may ask, as the operator writes it: an origin, a host, or a regular expression of either.
 *
 * What has other characters than those of an origin is a regular expression, in the syntax of RE2: none can hang a
 * worker. It has to match the whole of what it is compared with. What has no ':' is compared with the host alone.
 */
import { RE2JS } from 're2js'
import type { Value } from '../../contract/schema.ts'

/** Characters of a pattern, and instructions that it may come to. */
const SOURCE_MAX = 2048
const PROGRAM_MAX = 1000

const PLAIN = /^[A-Za-z0-9.:/-]+$/

/** An origin with the port left out where it is its scheme's own, and its host; '' for one that has none ("null"). */
export interface Origin {
  readonly text: string
  readonly host: string
}

export type OriginRule = (origin: Origin) => boolean

export function isPlainOrigin(text: string): boolean {
  return PLAIN.test(text)
}

const PARTS = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(?:[^@/?#]*@)?(\[[^\]]*\]|[^:/?#[\]]*)(?::(\d*))?(?:[/?#].*)?$/
const OWN_PORTS: Readonly<Record<string, string>> = { http: '80', https: '443' }

export function parseOrigin(text: string): Origin {
  const parts = PARTS.exec(text)
  const host = parts?.[2] ?? ''
  if (parts === null || host === '') return { text, host: '' }
  const scheme = parts[1]!
  const port = parts[3] ?? ''
  const isOwn = port === '' || OWN_PORTS[scheme.toLowerCase()] === port
  return { text: `${scheme}://${host}${isOwn ? '' : `:${port}`}`, host }
}

export function makeOriginRule(entry: string): OriginRule {
  const isOfHost = !entry.includes(':')
  if (isPlainOrigin(entry)) {
    if (isOfHost) return (origin) => (origin.host === '' ? origin.text : origin.host) === entry
    const { text } = parseOrigin(entry)
    return (origin) => origin.text === text
  }
  const pattern = RE2JS.compile(entry)
  if (isOfHost) return (origin) => origin.host !== '' && pattern.matches(origin.host)
  return (origin) => pattern.matches(origin.text)
}

/** Says what is wrong, beginning in Kong's words; null for an entry that can be used. */
export function originRule(value: Value): string | null {
  const entry = String(value)
  if (entry === '*' || isPlainOrigin(entry)) return null
  const problem = patternProblem(entry)
  return problem === null ? null : `'${entry}' is not a valid regex (${problem})`
}

function patternProblem(entry: string): string | null {
  if (entry.length > SOURCE_MAX) return `longer than ${SOURCE_MAX} characters`
  try {
    return RE2JS.compile(entry).programSize() > PROGRAM_MAX ? 'compiled it exceeds the size limit' : null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** A part of a list in a field. */
export function fieldElement(value: Value): string | null {
  return /^[\t\x20-\x7e]*$/.test(String(value)) ? null : 'not a valid header value'
}

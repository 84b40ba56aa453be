/** The protocols of services, routes and plugins, and which go together. */
import type { Value } from '../../../contract/schema.ts'

export const PROTOCOLS = ['grpc', 'grpcs', 'http', 'https', 'tcp', 'tls', 'tls_passthrough', 'udp'] as const

export const ROUTE_SUBSETS: readonly (readonly string[])[] = [
  ['http', 'https'],
  ['tcp', 'tls', 'udp'],
  ['tls_passthrough'],
  ['grpc', 'grpcs'],
]

/** A route speaks one family of protocols. */
export function exclusiveRule(value: Value): string | null {
  if (!Array.isArray(value)) return null
  const used = ROUTE_SUBSETS.filter((subset) => value.some((each) => subset.includes(String(each))))
  if (used.length < 2) return null
  return `these sets are mutually exclusive: ${used.map((subset) => `(${quoted(subset)})`).join(', ')}`
}

export function quoted(names: readonly string[], last = ', '): string {
  const each = names.map((name) => `'${name}'`)
  return each.length < 2 ? each.join('') : `${each.slice(0, -1).join(', ')}${last}${each.at(-1)}`
}

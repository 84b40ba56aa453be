/**
 * authenticated-groups — groups that an authentication plugin vouches for, of somebody who need not be a consumer.
 *
 * They are handed on as a note of the exchange, under Kong's name.
 */
import type { Exchange } from '../contract/exchange.ts'

const NOTE = 'authenticated_groups'

export function setAuthenticatedGroups(x: Exchange, groups: readonly string[]): void {
  x.notes ??= new Map()
  x.notes.set(NOTE, groups)
}

/** Null where no plugin has said any. */
export function authenticatedGroups(x: Exchange): readonly string[] | null {
  if (x.notes === null) return null
  const groups = x.notes.get(NOTE)
  return Array.isArray(groups) ? groups : null
}

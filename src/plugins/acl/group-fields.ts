/**
 * group-fields — what a target is told of groups, and how a client's own fields of those names are taken out.
 *
 * The same names with underscores are taken out as well: to CGI, WSGI and their like they are one with ours.
 *
 * HOT     `dropGroups` runs once a request that passes.
 */
import type { AddedField } from '../../http1/added-field.ts'
import { TOKEN } from '../../http1/chars.ts'
import { makeConstantField } from '../../http1/fields.ts'
import { DROPPED, type Head, STRIDE } from '../../http1/head.ts'
import { makeFieldValue } from '../../identity/identity-fields.ts'

export const CONSUMER_GROUPS = 'X-Consumer-Groups'
export const AUTHENTICATED_GROUPS = 'X-Authenticated-Groups'

const consumerLower = CONSUMER_GROUPS.toLowerCase()
const authenticatedLower = AUTHENTICATED_GROUPS.toLowerCase()
const UNDERSCORE = 95
const DASH = 45

/** UTF-8 on the wire; a control byte, which no value may hold, goes as %XX. */
export function makeGroupsField(name: string, groups: readonly string[]): AddedField {
  return makeConstantField(name, makeFieldValue(groups.join(', ')))
}

export function dropGroups(head: Head): void {
  const spans = head.spans
  for (let row = 0; row < head.count; row++) {
    const at = row * STRIDE
    const start = spans[at]!
    const length = spans[at + 1]! - start
    if (
      (length === consumerLower.length && isName(consumerLower, head.bytes, start)) ||
      (length === authenticatedLower.length && isName(authenticatedLower, head.bytes, start))
    )
      spans[at + 4] = DROPPED
  }
}

function isName(name: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[start + i]!
    if ((byte === UNDERSCORE ? DASH : TOKEN[byte]) !== name.charCodeAt(i)) return false
  }
  return true
}

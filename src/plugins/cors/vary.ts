/**
 * vary — tells caches that an answer is for one origin (RFC 9110 §12.5.5), where the target has not told them already.
 *
 * HOT     Runs once a request of a route whose answers differ by origin.
 */
import { findRow, getFields, makeConstantField } from '../../http1/fields.ts'
import type { Head } from '../../http1/head.ts'

const VARY_ORIGIN = makeConstantField('Vary', 'Origin')
const SAYS_SO = /(?:^|[\s,])(?:origin|\*)(?:$|[\s,])/i

export function addVary(response: Head): void {
  if (isPresent(response)) {
    const values = getFields(response, 'vary')
    for (let i = 0; i < values.length; i++) if (SAYS_SO.test(values[i]!)) return
  }
  response.added.push(VARY_ORIGIN)
}

function isPresent(response: Head): boolean {
  if (findRow(response, 'vary', 0) >= 0) return true
  const added = response.added
  for (let i = 0; i < added.length; i++) if (added[i]!.name.length === 4) return true
  return false
}

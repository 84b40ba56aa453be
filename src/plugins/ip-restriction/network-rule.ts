/** What may stand in a list of addresses. */
import { CidrSet } from '../../base/cidr.ts'
import type { Value } from '../../contract/schema.ts'

/** Says what is wrong, in Kong's words; null for an address or a network. */
export function networkRule(value: Value): string | null {
  const said = `invalid ip or cidr range: '${String(value)}'`
  if (value === 'unix:') return said
  try {
    new CidrSet([String(value)])
    return null
  } catch {
    // It names the text, and nothing more is known.
    return said
  }
}

/**
 * parameters — what an hmac Authorization field says, in the one order that there is:
 *
 *     hmac username="jo", algorithm="hmac-sha256", headers="date @request-target", signature="<base64>"
 *
 * LIMITS  NAMES_MAX names of headers. A value ends at the next quote: none can hold one.
 */

export interface Parameters {
  /** A byte a character. */
  readonly username: string
  readonly algorithm: string
  /** As they are written, which is how they are signed. */
  readonly headers: readonly string[]
  readonly signature: string
}

export const NAMES_MAX = 64

const FORM =
  /^hmac[ \t]*username="([^"]+)",[ \t]*algorithm="([^"]+)",[ \t]*headers="([^"]+)",[ \t]*signature="([^"]+)"$/i

/** Null: it says something else. */
export function parseParameters(value: string): Parameters | null {
  const found = FORM.exec(value)
  if (found === null) return null
  const headers = found[3]!.split(' ', NAMES_MAX + 1)
  if (headers.length > NAMES_MAX || headers.includes('')) return null
  return { username: found[1]!, algorithm: found[2]!, headers, signature: found[4]! }
}

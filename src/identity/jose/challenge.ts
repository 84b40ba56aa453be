/** challenge — what WWW-Authenticate says to who should send a bearer token (RFC 6750 §3, RFC 9110 §11.6.1). */

export function bearerChallenge(
  realm: string | null,
  parameters: readonly (readonly [name: string, value: string])[],
): string {
  const all = realm === null ? parameters : [['realm', realm] as const, ...parameters]
  const words = all.map(([name, value]) => `${name}=${quoted(value)}`)
  return words.length === 0 ? 'Bearer' : `Bearer ${words.join(', ')}`
}

/** RFC 9110 §5.6.4. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

/** Why a pattern is refused, in the words of Kong's engines where they have some. */

const SHOWN_MAX = 200

export function refusal(source: string, reason: string): Error {
  const shown = source.length > SHOWN_MAX ? `${source.slice(0, SHOWN_MAX)}…` : source
  return new Error(`invalid regex: '${shown}' (${reason})`)
}

/** The reason behind what re2js has thrown. */
export function reasonOf(source: string, cause: unknown): string {
  // Without escaped characters, so that an escaped bracket opens nothing.
  const bare = source.replace(/\\[^1-9k]/g, '')
  if (/\(\?<?[=!]/.test(bare)) return 'look-around, including look-ahead and look-behind, is not supported'
  if (/\\(?:[1-9]|k[<{'])/.test(bare)) return 'backreferences are not supported'
  const message = cause instanceof Error ? cause.message : String(cause)
  return message.replace(/^error parsing regexp: /, '')
}

/** words-of — why a connection failed, in words that are the same wherever it happened. */

const WORDS: Readonly<Record<string, string>> = {
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset while sending',
  ECONNREFUSED: 'connection refused',
  ETIMEDOUT: 'the connection timed out',
  // What OpenSSL makes of the HTTP that it reads instead.
  ERR_SSL_WRONG_VERSION_NUMBER: 'no TLS is spoken there: is it http?',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'no TLS is spoken there: is it http?',
}

export function wordsOf({ code, message }: NodeJS.ErrnoException): string {
  return WORDS[code ?? ''] ?? message
}

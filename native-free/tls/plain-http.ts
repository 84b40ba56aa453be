/** What a client is told that speaks plain HTTP where TLS is due: nginx's status and words. */
import type { Socket } from 'node:net'

const BODY = 'The plain HTTP request was sent to HTTPS port\n'
const ANSWER =
  'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n' +
  `Content-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`

/** OpenSSL knows the commonest methods by their first letters; others are no TLS, and no more is known of them. */
export function isPlainHttp(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ERR_SSL_HTTP_REQUEST'
}

/** The socket is still open while its handshake's failure is told, and is closed behind this. */
export function answerPlainHttp(accepted: Socket): void {
  if (accepted.writable) accepted.write(ANSWER)
}

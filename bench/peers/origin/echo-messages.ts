/** echo-messages — the bytes that a WebSocket's client and its echo exchange: one kind of message, and the way there. */
import { createHash } from 'node:crypto'

export const PAYLOAD_BYTES = 64
const payload = Buffer.alloc(PAYLOAD_BYTES, 'x')

/** Header and mask, which is 0: both as short as a payload of this size has them. */
export const clientMessage = Buffer.concat([Buffer.from([0x82, 0x80 | PAYLOAD_BYTES, 0, 0, 0, 0]), payload])
export const serverMessage = Buffer.concat([Buffer.from([0x82, PAYLOAD_BYTES]), payload])

export const HEAD_END = '\r\n\r\n'
const UUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** The key is RFC 6455's own example (§1.3). */
export const upgradeRequest =
  'GET /echo HTTP/1.1\r\nHost: bench.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

/** To a gateway's head, which may have a key of its own; '' where it has none. */
export function upgradeAnswer(head: string): string {
  const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1]
  if (key === undefined) return ''
  const accept = createHash('sha1').update(`${key}${UUID}`).digest('base64')
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket']
  return [...lines, `Sec-WebSocket-Accept: ${accept}`].join('\r\n') + HEAD_END
}

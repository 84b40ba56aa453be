/** uws-framing — the package ws as a framer: frames out of bytes and bytes out of frames, without a socket (RFC 6455). */
import { createRequire } from 'node:module'

export const OPCODE_TEXT = 1
export const OPCODE_BINARY = 2
export const OPCODE_CLOSE = 8
export const OPCODE_PING = 9
export const OPCODE_PONG = 10

/** What a close frame without a code is told as, and a connection that was lost (RFC 6455 §7.4.1). */
export const NO_CODE = 1005
export const LOST = 1006

/** Takes the bytes of one side, and tells of what they hold before `write` returns. */
export interface FrameReceiver {
  write(bytes: Buffer): boolean
  on(event: 'message', told: (data: Buffer, isBinary: boolean) => void): this
  on(event: 'ping' | 'pong', told: (data: Buffer) => void): this
  on(event: 'conclude', told: (code: number, reason: Buffer) => void): this
  on(event: 'error', told: (error: Error) => void): this
}

export interface FrameOptions {
  readonly fin: boolean
  readonly opcode: number
  readonly mask: boolean
  /** The data is not masked in place. */
  readonly readOnly: boolean
}

export interface Framing {
  readonly Receiver: new (options: {
    readonly isServer: boolean
    readonly maxPayload: number
  }) => FrameReceiver
  readonly Sender: { frame(data: Buffer, options: FrameOptions): Buffer[] }
}

/** Only where this engine listens: the other one needs none. */
export function loadFraming(): Framing {
  return createRequire(import.meta.url)('ws') as Framing // its types leave these two out
}

/** A whole frame as a client sends it. */
export function makeFrame(framing: Framing, opcode: number, data: Buffer): Buffer {
  const parts = framing.Sender.frame(data, { fin: true, opcode, mask: true, readOnly: true })
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

/** The payload of a close frame. */
export function closePayload(code: number, reason: Uint8Array): Buffer {
  if (code === NO_CODE) return Buffer.alloc(0)
  return Buffer.concat([Buffer.from([code >> 8, code & 255]), reason])
}

/**
 * web-answer — the answer as gRPC-Web clients read it: the messages as they are, and behind them the trailers in a
 * frame of their own, since browsers see no trailers. In the text form each piece is base64 by itself.
 */
import type { Exchange } from '../../contract/exchange.ts'
import type { ResponseTransform } from '../../contract/plugin.ts'
import { getField, listFields } from '../../http1/fields.ts'

const TRAILERS = 0x80
const FRAME_HEAD = 5
/** Of an answer without trailers: then its head has them. */
const STATUS_FIELDS = ['grpc-status', 'grpc-message', 'grpc-status-details-bin']
/** gRPC's UNKNOWN, for a target that said nothing of how the call went. */
const NO_STATUS = 'grpc-status:2\r\ngrpc-message:the target sent no status\r\n'

export class WebAnswer implements ResponseTransform {
  readonly #isText: boolean

  constructor(isText: boolean) {
    this.#isText = isText
  }

  pass(_x: Exchange, bytes: Uint8Array, start: number, end: number): Uint8Array {
    return this.#encode(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start))
  }

  end(x: Exchange): Uint8Array {
    const text = trailersOf(x)
    const frame = Buffer.alloc(FRAME_HEAD + text.length)
    frame[0] = TRAILERS
    frame.writeUInt32BE(text.length, 1)
    frame.latin1Write(text, FRAME_HEAD)
    if (x.responseTrailers.used !== 0) x.responseTrailers.reset()
    return this.#encode(frame)
  }

  #encode(bytes: Buffer): Uint8Array {
    return this.#isText ? Buffer.from(bytes.toString('base64'), 'latin1') : bytes
  }
}

function trailersOf(x: Exchange): string {
  const sent = listFields(x.responseTrailers)
  const pairs: (readonly [string, string])[] = sent.length > 0 ? sent : []
  if (sent.length === 0)
    for (const name of STATUS_FIELDS) {
      const value = getField(x.response, name)
      if (value !== null) pairs.push([name, value])
    }
  if (!pairs.some(([name]) => name.toLowerCase() === 'grpc-status')) return NO_STATUS
  return pairs.map(([name, value]) => `${name.toLowerCase()}:${value}\r\n`).join('')
}

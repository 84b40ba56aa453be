/**
 * base64-body — decodes a base64 body as it comes (gRPC-Web's text form).
 *
 * A client may encode its body whole or message by message, so padding may stand between groups of four. What is left
 * of a group waits for the next bytes: three characters at most.
 */
import type { Exchange } from '../../contract/exchange.ts'
import type { RequestTransform } from '../../contract/plugin.ts'

const NONE = Buffer.alloc(0)
/** Groups of four, of which any may be padded. */
const GROUPS = /^(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)*$/

/** Null: it is no base64. `text` is whole groups. */
export function decodeGroups(text: string): Buffer | null {
  if (text.length % 4 !== 0 || !GROUPS.test(text)) return null
  const parts: Buffer[] = []
  let from = 0
  for (let pad = text.indexOf('=', from); pad >= 0; pad = text.indexOf('=', from)) {
    const end = Math.ceil((pad + 1) / 4) * 4
    parts.push(Buffer.from(text.slice(from, end), 'base64'))
    from = end
  }
  if (from === 0) return Buffer.from(text, 'base64')
  parts.push(Buffer.from(text.slice(from), 'base64'))
  return Buffer.concat(parts)
}

export class Base64Body implements RequestTransform {
  #rest: string

  constructor() {
    this.#rest = ''
  }

  pass(_x: Exchange, bytes: Uint8Array, start: number, end: number): Buffer | null {
    const text =
      this.#rest +
      Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).latin1Slice(0, end - start)
    const whole = text.length - (text.length % 4)
    this.#rest = text.slice(whole)
    return decodeGroups(text.slice(0, whole))
  }

  end(): Buffer | null {
    return this.#rest === '' ? NONE : null
  }
}

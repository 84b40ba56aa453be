/**
 * client-hello — the server name that a TLS ClientHello asks for (RFC 8446 §4.1.2, RFC 6066 §3), and nothing else.
 *
 * Only what stands before the name is read, and the frame of the rest: a hello that a TLS stack would take is never
 * refused for what this does not know. What is no hello, or has two names, is.
 */

/** A name of more bytes is nobody's (RFC 1035 §2.3.4). */
const NAME_MAX = 255
const CLIENT_HELLO = 1
const EXTENSION_SERVER_NAME = 0
const HOST_NAME = 0

/** Reads big-endian numbers and vectors of one message; past its end, or out of a vector's bounds, it is spoilt. */
class Cursor {
  readonly #bytes: Uint8Array
  at: number
  end: number
  isSpoilt: boolean

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes
    this.at = start
    this.end = end
    this.isSpoilt = false
  }

  number(width: number): number {
    if (this.end - this.at < width) {
      this.isSpoilt = true
      return 0
    }
    let value = 0
    for (let i = 0; i < width; i++) value = value * 256 + this.#bytes[this.at++]!
    return value
  }

  /** Passes over a vector whose length takes `width` bytes; false when it is not within `least` and `most`. */
  skip(width: number, least: number, most: number): boolean {
    const length = this.number(width)
    if (length < least || length > most || this.end - this.at < length) this.isSpoilt = true
    else this.at += length
    return !this.isSpoilt
  }

  /** What stands in a vector whose length takes two bytes. */
  inner(least: number): Cursor {
    const length = this.number(2)
    if (this.isSpoilt || length < least || this.end - this.at < length) {
      this.isSpoilt = true
      return new Cursor(this.#bytes, 0, 0)
    }
    this.at += length
    return new Cursor(this.#bytes, this.at - length, this.at)
  }

  text(): string {
    let text = ''
    for (let i = this.at; i < this.end; i++) text += String.fromCharCode(this.#bytes[i]!)
    return text
  }
}

/** The name in lower case without a closing dot, '' when none is asked for; null when this is no ClientHello. */
export function readServerName(message: Uint8Array): string | null {
  const head = new Cursor(message, 0, message.length)
  if (head.number(1) !== CLIENT_HELLO || head.number(3) !== message.length - 4) return null
  head.number(2)
  head.at += 32
  const hasRest = head.skip(1, 0, 32) && head.skip(2, 2, 65_534) && head.skip(1, 1, 255)
  if (!hasRest) return null
  // Before TLS 1.3 a hello may do without extensions.
  if (head.at === head.end) return ''
  const extensions = head.inner(0)
  return head.isSpoilt || head.at !== head.end ? null : nameIn(extensions)
}

function nameIn(extensions: Cursor): string | null {
  let found: string | null = null
  while (extensions.at < extensions.end) {
    const type = extensions.number(2)
    const body = extensions.inner(0)
    if (extensions.isSpoilt) return null
    if (type !== EXTENSION_SERVER_NAME) continue
    if (found !== null) return null
    found = nameOf(body)
    if (found === null) return null
  }
  return found ?? ''
}

/** The list has one entry: no kind of name but host_name was ever defined, and none of them may come twice. */
function nameOf(body: Cursor): string | null {
  const list = body.inner(1)
  if (body.isSpoilt || body.at !== body.end) return null
  const kind = list.number(1)
  const name = list.inner(1)
  if (list.isSpoilt || list.at !== list.end || kind !== HOST_NAME) return null
  const text = name.text().toLowerCase()
  if (text.length > NAME_MAX || !/^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/.test(text)) return null
  return text.endsWith('.') ? text.slice(0, -1) : text
}

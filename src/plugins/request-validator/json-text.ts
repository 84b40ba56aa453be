/**
 * json-text — reads JSON that a stranger sent, and refuses what two readers could understand in two ways.
 *
 * JSON.parse alone takes the last of two members of one name, where the target may take the first, and nests as deep
 * as it is told. What is no UTF-8, has a byte order mark, or says NaN is no JSON.
 */

/** As deep as arrays and objects may nest: that of cjson, which Kong reads with. */
export const DEPTH_MAX = 1000

const QUOTE = 34
const COMMA = 44
const COLON = 58
const OPEN_ARRAY = 91
const BACKSLASH = 92
const CLOSE_ARRAY = 93
const OPEN_OBJECT = 123
const CLOSE_OBJECT = 125

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Throws an Error that says what is wrong, in words for whoever sent it. */
export function readJson(bytes: Uint8Array): unknown {
  let text: string
  let value: unknown
  try {
    text = utf8.decode(bytes)
    value = JSON.parse(text)
  } catch {
    throw new Error('it is not valid JSON') // what the engine says of it quotes the body
  }
  new MemberNames(text).check()
  return value
}

/** Walks over text that JSON.parse took, so that brackets and quotes are known to match. */
class MemberNames {
  readonly #text: string
  /** The names of each object that is open; null for an array. */
  readonly #open: (Set<string> | null)[] = []
  #awaitsName = false

  constructor(text: string) {
    this.#text = text
  }

  check(): void {
    const text = this.#text
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) at = this.#string(at)
      else if (code === OPEN_OBJECT || code === OPEN_ARRAY) this.#enter(code)
      else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) this.#leave()
      else if (code === COMMA) this.#awaitsName = (this.#open.at(-1) ?? null) !== null
      else if (code === COLON) this.#awaitsName = false
    }
  }

  #enter(code: number): void {
    if (this.#open.length === DEPTH_MAX) throw new Error(`it nests deeper than ${DEPTH_MAX}`)
    this.#open.push(code === OPEN_OBJECT ? new Set() : null)
    this.#awaitsName = code === OPEN_OBJECT
  }

  #leave(): void {
    this.#open.pop()
    this.#awaitsName = false
  }

  /** Answers where the closing quote is. */
  #string(start: number): number {
    const text = this.#text
    let isEscaped = false
    let end = start + 1
    for (; text.charCodeAt(end) !== QUOTE; end++) {
      if (text.charCodeAt(end) !== BACKSLASH) continue
      isEscaped = true
      end++
    }
    const names = this.#open.at(-1) ?? null
    if (this.#awaitsName && names !== null) {
      const name = isEscaped ? String(JSON.parse(text.slice(start, end + 1))) : text.slice(start + 1, end)
      if (names.has(name)) throw new Error(`an object has two members named ${shown(name)}`)
      names.add(name)
    }
    return end
  }
}

const SHOWN_MAX = 64

/** A name from outside, short enough for a message. */
export function shown(text: string): string {
  return JSON.stringify(text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text)
}

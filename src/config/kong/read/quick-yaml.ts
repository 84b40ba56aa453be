/**
 * quick-yaml — reads the plain part of YAML that people and tools write gateway configurations in, 20 times faster
 * than the complete parser, and answers undefined for everything else.
 *
 * It never guesses: an anchor, a tag, a tab, a scalar over several lines, a repeated key, an odd indentation or any
 * error ends it, and the complete parser (yaml-document.ts) is asked. A property test holds the two together.
 * Why it exists: the complete parser takes 1.2 s for 10,000 routes.
 */
import type { Value } from '../../../contract/schema.ts'
import { plainScalar } from './plain-scalar.ts'

type Record = { [key: string]: Value }

/** Deeper than any configuration; the complete parser then says what is wrong. */
const DEPTH_MAX = 64
const PLAIN_KEY = /([A-Za-z_][A-Za-z0-9_./-]*) *:(?=[ \n]|$)/y
const QUOTED_KEY = /("[^"\\\n]*"|'[^'\n]*') *:(?=[ \n]|$)/y
/** A plain scalar may begin with one of these or with any non-ASCII letter. */
const PLAIN_START = /[A-Za-z0-9_./~$^+(\\<=;\u00a1-\ud7ff]|-(?=[^\s,[\]{}])/y
const FLOW_PLAIN = /[^\s,[\]{}:#]+(?:(?: +|:)[^\s,[\]{}:#]+)*/y
const KEY_WORD = /^(?:null|true|false)$/i

export function quickYaml(text: string): Value | undefined {
  if (/[\u0000-\u0009\u000b-\u001f\u007f-\u00a0\u2028\u2029\ufeff]/.test(text)) return undefined
  const reader = new QuickYaml(text)
  try {
    return reader.document()
  } catch (error) {
    if (error === GIVE_UP) return undefined
    throw error
  }
}

/** Values of JSON text, for a caller that knows it is JSON; undefined when a key is repeated or it is too deep. */
export function quickJson(text: string): Value | undefined {
  return quickYaml(text.replace(/[\t\r]/g, ' '))
}

const GIVE_UP = new Error('not plain YAML')

class QuickYaml {
  readonly #text: string
  #at = 0
  #lineStart = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): Value {
    if (this.#text.startsWith('---\n')) this.#at = this.#lineStart = 4
    const indent = this.#nextLine()
    if (indent < 0) throw GIVE_UP
    const value = this.#block(indent, -1, 0)
    if (this.#nextLine() >= 0) throw GIVE_UP
    return value
  }

  /** Goes to the first character of the next line that says something; answers its column, -1 at the end. */
  #nextLine(): number {
    const text = this.#text
    for (;;) {
      let i = this.#at
      while (text.charCodeAt(i) === 32) i++
      const code = text.charCodeAt(i)
      if (i >= text.length) {
        this.#at = i
        return -1
      }
      if (code !== 10 && code !== 35) {
        this.#at = i
        const column = i - this.#lineStart
        if (column === 0 && /(?:---|\.\.\.|%)/y.test(text.slice(i, i + 3))) throw GIVE_UP
        return column
      }
      const end = text.indexOf('\n', i)
      this.#at = this.#lineStart = end < 0 ? text.length : end + 1
    }
  }

  /** A node whose first character stands at column `indent`; its parent's column is `outer`. */
  #block(indent: number, outer: number, depth: number): Value {
    if (depth > DEPTH_MAX) throw GIVE_UP
    if (this.#isDash()) return this.#sequence(indent, depth)
    if (this.#key() !== null) return this.#mapping(indent, depth)
    return this.#inline(outer, depth)
  }

  #isDash(): boolean {
    if (this.#text.charCodeAt(this.#at) !== 45) return false
    const next = this.#text.charCodeAt(this.#at + 1)
    return next === 32 || next === 10 || this.#at + 1 === this.#text.length
  }

  #sequence(indent: number, depth: number): Value[] {
    const list: Value[] = []
    do {
      this.#at++
      while (this.#text.charCodeAt(this.#at) === 32) this.#at++
      list.push(this.#atLineEnd() ? this.#below(indent, depth, false) : this.#compact(indent, depth))
    } while (this.#another(indent) && this.#isDash())
    return list
  }

  /** What stands on the same line as the dash. */
  #compact(indent: number, depth: number): Value {
    const column = this.#at - this.#lineStart
    return this.#block(column, indent, depth + 1)
  }

  #mapping(indent: number, depth: number): Record {
    const record: Record = {}
    do {
      const key = this.#key()
      if (key === null || Object.hasOwn(record, key)) throw GIVE_UP
      this.#at = this.#keyEnd
      while (this.#text.charCodeAt(this.#at) === 32) this.#at++
      record[key] = this.#atLineEnd() ? this.#below(indent, depth, true) : this.#inline(indent, depth + 1)
    } while (this.#another(indent) && !this.#isDash())
    return record
  }

  #keyEnd = 0

  #key(): string | null {
    PLAIN_KEY.lastIndex = this.#at
    const plain = PLAIN_KEY.exec(this.#text)
    if (plain !== null) {
      this.#keyEnd = PLAIN_KEY.lastIndex
      const name = plain[1]!
      if (KEY_WORD.test(name) || name === '__proto__') throw GIVE_UP
      return name
    }
    QUOTED_KEY.lastIndex = this.#at
    const quoted = QUOTED_KEY.exec(this.#text)
    if (quoted === null || quoted[1]!.slice(1, -1) === '__proto__') return null
    this.#keyEnd = QUOTED_KEY.lastIndex
    return quoted[1]!.slice(1, -1)
  }

  /** Whether the next line goes on with the collection at `indent`; anything deeper is not plain. */
  #another(indent: number): boolean {
    const column = this.#nextLine()
    if (column > indent) throw GIVE_UP
    return column === indent
  }

  /** The value of a key or dash that has nothing more on its line. */
  #below(indent: number, depth: number, dashMayAlign: boolean): Value {
    const column = this.#nextLine()
    if (column > indent) return this.#block(column, indent, depth + 1)
    if (column === indent && dashMayAlign && this.#isDash()) return this.#sequence(column, depth + 1)
    return null
  }

  /** True at the end of the line or at a comment; moves to the next line then. */
  #atLineEnd(): boolean {
    const text = this.#text
    const code = text.charCodeAt(this.#at)
    if (code === 35) {
      const before = text.charCodeAt(this.#at - 1)
      if (before !== 32 && before !== 10) throw GIVE_UP
    } else if (code !== 10 && this.#at < text.length) return false
    const end = text.indexOf('\n', this.#at)
    this.#at = this.#lineStart = end < 0 ? text.length : end + 1
    return true
  }

  /** A scalar or flow collection, up to the end of its last line. */
  #inline(outer: number, depth: number): Value {
    const code = this.#text.charCodeAt(this.#at)
    if (code === 124) return this.#literal(outer)
    let value: Value
    if (code === 91 || code === 123) value = this.#flow(outer, depth)
    else if (code === 34 || code === 39) value = this.#quoted(code)
    else return this.#plain()
    while (this.#text.charCodeAt(this.#at) === 32) this.#at++
    if (!this.#atLineEnd()) throw GIVE_UP
    return value
  }

  #plain(): Value {
    PLAIN_START.lastIndex = this.#at
    if (!PLAIN_START.test(this.#text)) throw GIVE_UP
    const newline = this.#text.indexOf('\n', this.#at)
    const lineEnd = newline < 0 ? this.#text.length : newline
    let line = this.#text.slice(this.#at, lineEnd)
    const comment = line.indexOf(' #')
    if (comment >= 0) line = line.slice(0, comment)
    line = line.trimEnd()
    if (line.includes(': ') || line.endsWith(':')) throw GIVE_UP
    this.#at = this.#lineStart = newline < 0 ? lineEnd : newline + 1
    return known(plainScalar(line))
  }

  #quoted(quote: number): string {
    const text = this.#text
    const start = this.#at + 1
    let i = start
    for (;;) {
      const code = text.charCodeAt(i)
      if (i >= text.length || code === 10) throw GIVE_UP
      if (code === quote && !(quote === 39 && text.charCodeAt(i + 1) === 39)) break
      // Two single quotes stand for one; a backslash takes the next character with it.
      i += code === quote || (code === 92 && quote === 34) ? 2 : 1
    }
    this.#at = i + 1
    const inner = text.slice(start, i)
    if (quote === 39) return inner.includes("'") ? inner.replaceAll("''", "'") : inner
    return inner.includes('\\') ? unescaped(inner) : inner
  }

  /** `|` and `|-`, the way certificates are written. */
  #literal(outer: number): string {
    const text = this.#text
    const head = /\|(-?) *(?:\n|$)/y
    head.lastIndex = this.#at
    const mark = head.exec(text)
    if (mark === null) throw GIVE_UP
    this.#at = this.#lineStart = head.lastIndex
    const lines: string[] = []
    let indent = 0
    while (this.#at < text.length) {
      const newline = text.indexOf('\n', this.#at)
      const end = newline < 0 ? text.length : newline
      let first = this.#at
      while (first < end && text.charCodeAt(first) === 32) first++
      const column = first - this.#at
      if (first === end) {
        if (indent === 0) throw GIVE_UP
        lines.push(text.slice(Math.min(this.#at + indent, end), end))
      } else {
        if (indent === 0) indent = column
        if (indent <= Math.max(outer, 0)) throw GIVE_UP
        if (column < indent) break
        lines.push(text.slice(this.#at + indent, end))
      }
      this.#at = this.#lineStart = newline < 0 ? end : newline + 1
    }
    const content = lines.join('\n').replace(/\n+$/, '')
    if (content.trim() === '') throw GIVE_UP
    return mark[1] === '-' ? content : `${content}\n`
  }

  #flow(outer: number, depth: number): Value {
    if (depth > DEPTH_MAX) throw GIVE_UP
    const opening = this.#text.charCodeAt(this.#at)
    this.#at++
    return opening === 91 ? this.#flowList(outer, depth) : this.#flowRecord(outer, depth)
  }

  #flowList(outer: number, depth: number): Value[] {
    const list: Value[] = []
    for (;;) {
      if (this.#flowNext(outer) === 93) break
      list.push(this.#flowValue(outer, depth))
      if (this.#flowNext(outer) === 44) this.#at++
      else if (this.#text.charCodeAt(this.#at) !== 93) throw GIVE_UP
    }
    this.#at++
    return list
  }

  #flowRecord(outer: number, depth: number): Record {
    const record: Record = {}
    for (;;) {
      const code = this.#flowNext(outer)
      if (code === 125) break
      const key = this.#flowKey(code)
      if (key === '__proto__' || Object.hasOwn(record, key)) throw GIVE_UP
      this.#flowNext(outer)
      record[key] = this.#flowValue(outer, depth)
      if (this.#flowNext(outer) === 44) this.#at++
      else if (this.#text.charCodeAt(this.#at) !== 125) throw GIVE_UP
    }
    this.#at++
    return record
  }

  #flowKey(code: number): string {
    if (code !== 34 && code !== 39) {
      const key = this.#key()
      if (key === null) throw GIVE_UP
      this.#at = this.#keyEnd
      return key
    }
    const key = this.#quoted(code)
    while (this.#text.charCodeAt(this.#at) === 32) this.#at++
    if (this.#text.charCodeAt(this.#at) !== 58) throw GIVE_UP
    this.#at++
    return key
  }

  #flowValue(outer: number, depth: number): Value {
    const code = this.#text.charCodeAt(this.#at)
    if (code === 91 || code === 123) return this.#flow(outer, depth + 1)
    if (code === 34 || code === 39) return this.#quoted(code)
    PLAIN_START.lastIndex = FLOW_PLAIN.lastIndex = this.#at
    if (!PLAIN_START.test(this.#text)) throw GIVE_UP
    const plain = FLOW_PLAIN.exec(this.#text)
    if (plain === null) throw GIVE_UP
    this.#at = FLOW_PLAIN.lastIndex
    return known(plainScalar(plain[0]))
  }

  /** Over blanks and line ends to the next character, which must stand right of the collection's parent. */
  #flowNext(outer: number): number {
    const text = this.#text
    for (;;) {
      const code = text.charCodeAt(this.#at)
      if (code === 10) {
        this.#at = this.#lineStart = this.#at + 1
      } else if (code === 32) {
        this.#at++
      } else {
        if (this.#at >= text.length || code === 35 || this.#at - this.#lineStart <= outer) throw GIVE_UP
        return code
      }
    }
  }
}

function known(value: Value | undefined): Value {
  if (value === undefined) throw GIVE_UP
  return value
}

/** Double-quoted YAML shares these escapes with JSON; the others are left to the complete parser. */
function unescaped(inner: string): string {
  if (/\\[^"\\/bfnrtu]/.test(inner.replaceAll('\\\\', ''))) throw GIVE_UP
  try {
    return JSON.parse(`"${inner}"`)
  } catch {
    // A broken \u escape: the complete parser will say where.
    throw GIVE_UP
  }
}

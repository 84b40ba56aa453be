/**
 * access-format — compiles PROXY_ACCESS_LOG_FORMAT: the name of a format, or a text with nginx's or Envoy's operators.
 *
 *     $remote_addr ${status} $http_user_agent          nginx's, and ours: $fault $detail $tw …
 *     %REQ(X-ID?USER-AGENT):20% %RESPONSE_FLAGS% %%    Envoy's
 *
 * `escape=json ` before it has values written as JSON has them, for formats that are JSON.
 */
import { envoyList, envoyPiece } from './envoy-names.ts'
import { nginxList, nginxPiece } from './nginx-names.ts'
import type { LineFacts, Piece } from './pieces/piece.ts'
import { WHOLE } from './pieces/piece.ts'

/** A piece, or what stands between two of them. */
export type Part = Piece | Uint8Array

export interface Format {
  readonly parts: readonly Part[]
  readonly isJson: boolean
}

/** What is wrong with a format, and where. */
export class FormatProblem extends Error {}

const NAMED: Readonly<Record<string, string>> = {
  combined:
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"',
}
/** Kong's own name for its line, and ours. */
export const DEFAULT_FORMATS: readonly string[] = ['', 'kong', 'kong_log_format']
export const JSON_FORMAT = 'json'

const ENVOYS = /%([A-Z][A-Z0-9_]*)(?:\(([^()]*)\))?(?::(\d{1,6}))?%/y
const NGINXS = /\$(?:\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))/y
const ESCAPE = /^escape=(\w+)\s+/

/** Throws FormatProblem. */
export function parseFormat(given: string, facts: LineFacts): Format {
  if (/^[\w-]+$/.test(given) && !Object.hasOwn(NAMED, given))
    throw new FormatProblem(`there is no format '${given}': kong, combined, json, or a text with operators`)
  const form = ESCAPE.exec(given)
  const text = (NAMED[given] ?? given.slice(form?.[0].length ?? 0)).replace(/(?:\\n|\n)$/, '')
  if (form !== null && form[1] !== 'json' && form[1] !== 'default')
    throw new FormatProblem(`escape=${form[1]}: json or default`)
  if (/[\x00-\x1f]/.test(text)) throw new FormatProblem('a format is one line, without tabs')
  const parts = new Parser(text, facts, (form?.[0].length ?? 0) + 1).parse()
  return { parts, isJson: form?.[1] === 'json' }
}

class Parser {
  readonly #text: string
  readonly #facts: LineFacts
  /** What people count from, for messages. */
  readonly #first: number
  readonly #parts: Part[] = []
  #literal = ''

  constructor(text: string, facts: LineFacts, first: number) {
    this.#text = text
    this.#facts = facts
    this.#first = first
  }

  parse(): Part[] {
    let at = 0
    while (at < this.#text.length) {
      const char = this.#text[at]!
      const next = this.#text[at + 1]
      const isOperator = char === '$' || (char === '%' && next !== undefined && /[A-Z%]/.test(next))
      if (!isOperator) this.#literal += char
      else if (next === char) this.#literal += char
      else {
        at = char === '$' ? this.#nginxs(at) : this.#envoys(at)
        continue
      }
      at += isOperator ? 2 : 1
    }
    this.#endLiteral()
    return this.#parts
  }

  #nginxs(at: number): number {
    const found = this.#match(NGINXS, at)
    if (found === null) throw this.#problem(at, 'no name behind the $ (a $ itself is $$)')
    const name = found[1] ?? found[2]!
    const piece = nginxPiece(name, this.#facts)
    if (piece === null) throw this.#problem(at, `there is no $${name}; there are: ${nginxList()}`)
    this.#add(piece)
    return at + found[0].length
  }

  #envoys(at: number): number {
    const found = this.#match(ENVOYS, at)
    if (found === null) throw this.#problem(at, 'an operator that does not end with % (a % itself is %%)')
    const [all, name, argument = null, most] = found
    const limit = most === undefined ? WHOLE : Number(most)
    const piece = envoyPiece(name!, argument, { facts: this.#facts, most: limit })
    if (piece === null) throw this.#problem(at, `there is no %${name}%; there are: ${envoyList()}`)
    if (typeof piece === 'string') throw this.#problem(at, piece)
    this.#add(piece)
    return at + all.length
  }

  #match(pattern: RegExp, at: number): RegExpExecArray | null {
    pattern.lastIndex = at
    return pattern.exec(this.#text)
  }

  #add(piece: Piece): void {
    this.#endLiteral()
    this.#parts.push(piece)
  }

  #endLiteral(): void {
    if (this.#literal !== '') this.#parts.push(Buffer.from(this.#literal))
    this.#literal = ''
  }

  #problem(at: number, says: string): FormatProblem {
    return new FormatProblem(`at character ${at + this.#first}: ${says}`)
  }
}

/** lexer — an expression's text cut into Lua's tokens (Lua 5.1 §2.1). */
import { TemplateError } from './lua-value.ts'

/** 'symbol' is a keyword too. */
export type TokenKind = 'name' | 'number' | 'string' | 'symbol' | 'end'

export interface Token {
  readonly kind: TokenKind
  /** As written; of a string its value. */
  readonly text: string
}

/** Characters of one expression. */
export const EXPRESSION_LENGTH_MAX = 8192

const TOKEN =
  /[ \t\r\n]*(?:([A-Za-z_]\w*)|(0[xX][0-9a-fA-F]{1,13}|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(==|~=|<=|>=|\.\.\.|\.\.|[-+*/%^#<>=(){}[\];:,.])|(["']))/y
const KEYWORDS = new Set(
  'and break do else elseif end false for function if in local nil not or repeat return then true until while'.split(
    ' ',
  ),
)
const END: Token = Object.freeze({ kind: 'end', text: 'the end' })
const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\n': '\n',
}

/** The last token is of kind 'end'. */
export function readTokens(text: string): Token[] {
  if (text.length > EXPRESSION_LENGTH_MAX) throw new TemplateError('the expression is too long')
  const tokens: Token[] = []
  const rest = /[ \t\r\n]*$/y
  for (let at = 0; ; ) {
    rest.lastIndex = at
    if (rest.test(text)) return [...tokens, END]
    TOKEN.lastIndex = at
    const match = TOKEN.exec(text)
    if (match === null)
      throw new TemplateError(`unexpected symbol near '${text.slice(at).trim().slice(0, 20)}'`)
    at = TOKEN.lastIndex
    const [, name, number, symbol, quote] = match
    if (quote !== undefined) {
      const end = endOfString(text, at, quote)
      tokens.push({ kind: 'string', text: unescapeText(text.slice(at, end)) })
      at = end + 1
    } else if (name !== undefined) tokens.push({ kind: KEYWORDS.has(name) ? 'symbol' : 'name', text: name })
    else if (number !== undefined) tokens.push(numberToken(number, text, at))
    else tokens.push({ kind: 'symbol', text: symbol ?? '' })
  }
}

function numberToken(number: string, text: string, end: number): Token {
  if (/[\w.]/.test(text[end] ?? '') && !text.startsWith('..', end))
    throw new TemplateError(`malformed number near '${number}${text[end]}'`)
  return { kind: 'number', text: number }
}

/** Where the quote stands that ends the string which begins at `from`. */
function endOfString(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === quote) return at
    else if (text[at] === '\n') break
  }
  throw new TemplateError(`unfinished string near '${quote}${text.slice(from, from + 20)}'`)
}

function unescapeText(text: string): string {
  return text.replace(/\\(\d{1,3}|.)/gs, (_, escaped: string) => {
    if (!/^\d/.test(escaped)) return ESCAPES[escaped] ?? escaped
    const code = Number(escaped)
    if (code > 255) throw new TemplateError(`escape sequence too large near '\\${escaped}'`)
    return String.fromCharCode(code)
  })
}

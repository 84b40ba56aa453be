/**
 * template — a configured text with expressions in it: `v2-$(headers["x-name"] or "none")`.
 *
 * `$(…)` reaches to the parenthesis that balances it, quotes or not, as in Kong; a `$(` that nothing balances is text.
 * What an expression comes to is put in its place: nothing for nil and false.
 */
import { type Environment, evaluate } from './evaluator.ts'
import type { Expression } from './expression.ts'
import { isTrue, TEXT_LENGTH_MAX, TemplateError, toBytes, toText } from './lua-value.ts'
import { parseExpression } from './parser.ts'

export class Template {
  readonly #parts: readonly (string | Expression)[]

  constructor(parts: readonly (string | Expression)[]) {
    this.#parts = parts
  }

  /** A character a byte. Throws TemplateError. */
  render(names: Environment): string {
    let text = ''
    for (const part of this.#parts) {
      text += typeof part === 'string' ? part : textOf(part, names)
      if (text.length > TEXT_LENGTH_MAX) throw new TemplateError('the text is too long')
    }
    return text
  }
}

/** Null for a text without expressions. Throws TemplateError for one that can't be read. */
export function compileTemplate(source: string): Template | null {
  const text = toBytes(source)
  const parts: (string | Expression)[] = []
  let from = 0
  for (let at = text.indexOf('$('); at >= 0; at = text.indexOf('$(', at)) {
    const end = closingOf(text, at + 1)
    if (end < 0) {
      at += 2
      continue
    }
    parts.push(text.slice(from, at), parseExpression(text.slice(at + 2, end)))
    at = end + 1
    from = at
  }
  return parts.length === 0 ? null : new Template([...parts, text.slice(from)])
}

function closingOf(text: string, open: number): number {
  let depth = 0
  for (let at = open; at < text.length; at++) {
    if (text[at] === '(') depth++
    else if (text[at] === ')' && --depth === 0) return at
  }
  return -1
}

function textOf(expression: Expression, names: Environment): string {
  const value = evaluate(expression, names)
  return isTrue(value) ? toText(value) : ''
}

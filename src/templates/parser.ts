/**
 * parser — reads one expression of Lua 5.1 (§2.5) without function bodies, table constructors and `...`; statements,
 * such as assignments, are none.
 */
import type { Arithmetic, Comparison, Expression } from './expression.ts'
import { readTokens, type Token } from './lexer.ts'
import { type LuaValue, TemplateError, toNumber } from './lua-value.ts'

/** Expressions within expressions: each costs the evaluator a little of its stack. */
export const DEPTH_MAX = 100
/** Operators, names and constants of one expression. */
export const NODES_MAX = 1000

/** How strongly each operator binds on its left and its right; `..` and `^` bind to the right. */
const POWERS: Readonly<Record<string, readonly [left: number, right: number]>> = {
  or: [1, 1],
  and: [2, 2],
  '<': [3, 3],
  '>': [3, 3],
  '<=': [3, 3],
  '>=': [3, 3],
  '~=': [3, 3],
  '==': [3, 3],
  '..': [5, 4],
  '+': [6, 6],
  '-': [6, 6],
  '*': [7, 7],
  '/': [7, 7],
  '%': [7, 7],
  '^': [10, 9],
}
const UNARY_POWER = 8
const UNARY: Readonly<Record<string, 'not' | 'minus' | 'length'>> = {
  not: 'not',
  '-': 'minus',
  '#': 'length',
}
const CONSTANTS: ReadonlyMap<string, LuaValue> = new Map([
  ['nil', null],
  ['true', true],
  ['false', false],
])

/** Throws TemplateError. */
export function parseExpression(text: string): Expression {
  return new Parser(readTokens(text)).read()
}

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0
  #nodes = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  read(): Expression {
    const expression = this.#expression(0)
    if (this.#token.kind !== 'end') throw this.#unexpected()
    return expression
  }

  get #token(): Token {
    return this.#tokens[this.#at]!
  }

  #isSymbol(text: string): boolean {
    return this.#token.kind === 'symbol' && this.#token.text === text
  }

  #takeIf(text: string): boolean {
    if (!this.#isSymbol(text)) return false
    this.#at++
    return true
  }

  #expect(text: string): void {
    if (!this.#takeIf(text)) throw new TemplateError(`'${text}' expected near '${this.#token.text}'`)
  }

  #unexpected(): TemplateError {
    return new TemplateError(`unexpected symbol near '${this.#token.text}'`)
  }

  #expression(power: number): Expression {
    if (++this.#depth > DEPTH_MAX) throw new TemplateError('the expression is nested too deeply')
    let left = this.#operand()
    for (;;) {
      const sign = this.#token.kind === 'symbol' ? this.#token.text : ''
      const powers = Object.hasOwn(POWERS, sign) ? POWERS[sign] : undefined
      if (powers === undefined || powers[0] <= power) break
      this.#at++
      left = this.#count(joined(sign, left, this.#expression(powers[1])))
    }
    this.#depth--
    return left
  }

  #count<E extends Expression>(expression: E): E {
    if (++this.#nodes > NODES_MAX) throw new TemplateError('the expression is too long')
    return expression
  }

  #operand(): Expression {
    const sign = this.#token.kind === 'symbol' ? this.#token.text : ''
    if (!Object.hasOwn(UNARY, sign)) return this.#simple()
    this.#at++
    return this.#count({ is: UNARY[sign]!, of: this.#expression(UNARY_POWER) })
  }

  #simple(): Expression {
    const { kind, text } = this.#token
    if (kind === 'number' || kind === 'string') {
      this.#at++
      return this.#count({ is: 'constant', value: kind === 'string' ? text : toNumber(text) })
    }
    const constant = kind === 'symbol' ? CONSTANTS.get(text) : undefined
    if (constant === undefined) return this.#suffixed()
    this.#at++
    return this.#count({ is: 'constant', value: constant })
  }

  /** A name or an expression in parentheses, and what is taken or called of it. */
  #suffixed(): Expression {
    let of = this.#primary()
    for (;;) {
      if (this.#takeIf('.'))
        of = this.#count({ is: 'index', of, key: { is: 'constant', value: this.#name() } })
      else if (this.#takeIf('[')) {
        of = this.#count({ is: 'index', of, key: this.#expression(0) })
        this.#expect(']')
      } else if (this.#takeIf(':'))
        of = this.#count({ is: 'method', of, name: this.#name(), values: this.#values() })
      else if (this.#token.kind === 'string' || this.#isSymbol('('))
        of = this.#count({ is: 'call', of, values: this.#values() })
      else return of
    }
  }

  #primary(): Expression {
    if (this.#token.kind === 'name') return this.#count({ is: 'global', name: this.#name() })
    if (!this.#isSymbol('(')) throw this.#unexpected()
    this.#at++
    const inner = this.#expression(0)
    this.#expect(')')
    return inner
  }

  #name(): string {
    const { kind, text } = this.#token
    if (kind !== 'name') throw new TemplateError(`<name> expected near '${text}'`)
    this.#at++
    return text
  }

  /** What a function is called with: a list in parentheses, or one string without. */
  #values(): Expression[] {
    const { kind, text } = this.#token
    if (kind === 'string') {
      this.#at++
      return [this.#count({ is: 'constant', value: text })]
    }
    this.#expect('(')
    const values: Expression[] = []
    if (this.#takeIf(')')) return values
    do values.push(this.#expression(0))
    while (this.#takeIf(','))
    this.#expect(')')
    return values
  }
}

function joined(sign: string, left: Expression, right: Expression): Expression {
  if (sign === 'and' || sign === 'or') return { is: sign, left, right }
  if (sign === '..') return { is: 'concat', left, right }
  if (/[<>=]/.test(sign)) return { is: 'compare', sign: sign as Comparison, left, right } // by POWERS
  return { is: 'arithmetic', sign: sign as Arithmetic, left, right } // the only ones left of POWERS
}

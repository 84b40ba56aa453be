/**
 * evaluator — works an expression out, with Lua's coercions and its errors.
 *
 * It knows the values it is given and the functions of library.ts, and nothing else: no code of an operator runs here.
 */
import type { Arithmetic, Comparison, Expression } from './expression.ts'
import { globalFunctions, stringFunctions } from './library.ts'
import {
  isTrue,
  type LuaValue,
  TEXT_LENGTH_MAX,
  TemplateError,
  toNumber,
  toText,
  typeName,
} from './lua-value.ts'

/** What the names in an expression stand for. */
export interface Environment {
  /** Undefined: nothing has this name. */
  global(name: string): LuaValue | undefined
}

/** Throws TemplateError. */
export function evaluate(expression: Expression, names: Environment): LuaValue {
  switch (expression.is) {
    case 'constant':
      return expression.value
    case 'global':
      return globalOf(expression.name, names)
    case 'index':
      return index(evaluate(expression.of, names), evaluate(expression.key, names), expression.of)
    case 'call':
      return call(evaluate(expression.of, names), valuesOf(expression.values, names), expression.of)
    case 'method': {
      const self = evaluate(expression.of, names)
      const method = index(self, expression.name, expression.of)
      return call(method, [self, ...valuesOf(expression.values, names)], expression)
    }
    case 'and': {
      const left = evaluate(expression.left, names)
      return isTrue(left) ? evaluate(expression.right, names) : left
    }
    case 'or': {
      const left = evaluate(expression.left, names)
      return isTrue(left) ? left : evaluate(expression.right, names)
    }
    case 'not':
      return !isTrue(evaluate(expression.of, names))
    case 'minus':
      return -numberOf(evaluate(expression.of, names), expression.of)
    case 'length':
      return lengthOf(evaluate(expression.of, names), expression.of)
    case 'concat':
      return concat(evaluate(expression.left, names), evaluate(expression.right, names), expression)
    case 'compare':
      return compare(expression.sign, evaluate(expression.left, names), evaluate(expression.right, names))
    case 'arithmetic': {
      const left = numberOf(evaluate(expression.left, names), expression.left)
      return calculate(expression.sign, left, numberOf(evaluate(expression.right, names), expression.right))
    }
  }
}

function valuesOf(expressions: readonly Expression[], names: Environment): LuaValue[] {
  return expressions.map((expression) => evaluate(expression, names))
}

function globalOf(name: string, names: Environment): LuaValue {
  const value = names.global(name) ?? globalFunctions.get(name)
  if (value === undefined) throw new TemplateError(`there is no '${name}' in templates`)
  return value
}

function index(of: LuaValue, key: LuaValue, expression: Expression): LuaValue {
  if (typeof of === 'string') return typeof key === 'string' ? stringFunctions.get(key) : null
  if (of === null || typeof of !== 'object' || of.type !== 'table') throw attempt('index', of, expression)
  return typeof key === 'string' || typeof key === 'number' ? of.get(key) : null
}

function call(of: LuaValue, values: readonly LuaValue[], expression: Expression): LuaValue {
  if (of === null || typeof of !== 'object' || of.type !== 'function') throw attempt('call', of, expression)
  return of.call(values)
}

function lengthOf(of: LuaValue, expression: Expression): number {
  if (typeof of === 'string') return of.length
  if (of === null || typeof of !== 'object' || of.type !== 'table')
    throw attempt('get length of', of, expression)
  return of.length
}

function numberOf(value: LuaValue, expression: Expression): number {
  const number = toNumber(value)
  if (number === null) throw attempt('perform arithmetic on', value, expression)
  return number
}

function concat(
  left: LuaValue,
  right: LuaValue,
  expression: Expression & { is: 'and' | 'or' | 'concat' },
): string {
  if (!isText(left)) throw attempt('concatenate', left, expression.left)
  if (!isText(right)) throw attempt('concatenate', right, expression.right)
  const text = toText(left) + toText(right)
  if (text.length > TEXT_LENGTH_MAX) throw new TemplateError('the text is too long')
  return text
}

function isText(value: LuaValue): boolean {
  return typeof value === 'string' || typeof value === 'number'
}

function calculate(sign: Arithmetic, left: number, right: number): number {
  switch (sign) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return left / right
    case '%':
      return left - Math.floor(left / right) * right
    case '^':
      return left ** right
  }
}

function compare(sign: Comparison, left: LuaValue, right: LuaValue): boolean {
  if (sign === '==') return left === right
  if (sign === '~=') return left !== right
  const areNumbers = typeof left === 'number' && typeof right === 'number'
  if (!areNumbers && !(typeof left === 'string' && typeof right === 'string'))
    throw new TemplateError(`attempt to compare ${typeName(left)} with ${typeName(right)}`)
  // Two of a kind, by what was just looked at.
  const one = left as number
  const other = right as number
  if (sign === '<') return one < other
  if (sign === '>') return one > other
  return sign === '<=' ? one <= other : one >= other
}

function attempt(what: string, value: LuaValue, expression: Expression): TemplateError {
  return new TemplateError(`attempt to ${what} a ${typeName(value)} value${nameOf(expression)}`)
}

function nameOf(expression: Expression): string {
  if (expression.is === 'global') return ` (global '${expression.name}')`
  if (expression.is === 'method') return ` (method '${expression.name}')`
  const key = expression.is === 'index' && expression.key.is === 'constant' ? expression.key.value : null
  return typeof key === 'string' ? ` (field '${key}')` : ''
}

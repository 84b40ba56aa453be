/** expression — what the parser makes of a template's expression and the evaluator works out. */
import type { LuaValue } from './lua-value.ts'

export type Arithmetic = '+' | '-' | '*' | '/' | '%' | '^'
export type Comparison = '==' | '~=' | '<' | '>' | '<=' | '>='

export type Expression =
  | { readonly is: 'constant'; readonly value: LuaValue }
  | { readonly is: 'global'; readonly name: string }
  | { readonly is: 'index'; readonly of: Expression; readonly key: Expression }
  | { readonly is: 'call'; readonly of: Expression; readonly values: readonly Expression[] }
  /** `of:name(values)`. */
  | {
      readonly is: 'method'
      readonly of: Expression
      readonly name: string
      readonly values: readonly Expression[]
    }
  | { readonly is: 'not' | 'minus' | 'length'; readonly of: Expression }
  | { readonly is: 'and' | 'or' | 'concat'; readonly left: Expression; readonly right: Expression }
  | {
      readonly is: 'arithmetic'
      readonly sign: Arithmetic
      readonly left: Expression
      readonly right: Expression
    }
  | {
      readonly is: 'compare'
      readonly sign: Comparison
      readonly left: Expression
      readonly right: Expression
    }

/** One row of the table of environment variables. */
import type { Kind } from './env-kinds.ts'

export interface Variable<T> {
  /** Without prefix. */
  readonly name: string
  /** Other names for it, Kong's nginx directives mostly. */
  readonly aliases: readonly string[]
  readonly kind: Kind<T>
  /** As it would be written; '' is the kind's nothing. */
  readonly fallback: string
  /** One sentence. */
  readonly says: string
}

export function row<T>(names: string, kind: Kind<T>, fallback: string, says: string): Variable<T> {
  const [name, ...aliases] = names.split(' ')
  return { name: name!, aliases, kind, fallback, says }
}

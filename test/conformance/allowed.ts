/**
 * The reviewed list of what an engine may do differently, with the reason. docs/engines.md shows the same list.
 *
 * A listed case still runs, and must fail: one that has come to pass is to be taken off.
 */
import type { Engine } from '../kit/gateway.ts'

interface Difference {
  readonly engine: Engine
  /** The case's whole name. */
  readonly name: string
  readonly reason: string
}

export const allowed: readonly Difference[] = []

/** The reason why `engine` may fail this case, or null. */
export function allowedDifference(engine: Engine, name: string): string | null {
  return allowed.find((row) => row.engine === engine && row.name === name)?.reason ?? null
}

/** The order in which plugins run, in every phase: priority, higher first, then name, so that no order is by chance. */

export interface Ordered {
  readonly plugin: string
  readonly priority: number
}

/** For `sort`. Names are compared by code units, so that every machine orders alike. */
export function byPriority(left: Ordered, right: Ordered): number {
  if (left.priority !== right.priority) return right.priority - left.priority
  if (left.plugin === right.plugin) return 0
  return left.plugin < right.plugin ? -1 : 1
}

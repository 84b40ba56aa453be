/** A programmer's error: the worker ends and the primary replaces it, rather than serve on in doubt. */
export function invariant(holds: boolean, claim: string): asserts holds {
  if (!holds) throw new Error(`invariant broken: ${claim}`)
}

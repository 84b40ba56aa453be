/**
 * Takes everything out of an array that is used again.
 *
 * HOT     `length = 0` is a call into the engine, 25 ns, and gives the memory back that the next push asks for.
 */
export function empty(list: unknown[]): void {
  while (list.length > 0) list.pop()
}

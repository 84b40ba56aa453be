/** The cores that two have in common. */
export function sharedCores(one: readonly number[], other: readonly number[]): number[] {
  return one.filter((core) => other.includes(core))
}

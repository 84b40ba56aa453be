/**
 * same-text — whether two texts are one, in a time that only their length can change.
 *
 * HOT     Runs once a request with a password. No allocation.
 */
export function isSameText(known: string, given: string): boolean {
  let different = known.length ^ given.length
  for (let i = 0; i < given.length; i++) different |= given.charCodeAt(i) ^ known.charCodeAt(i)
  return different === 0
}

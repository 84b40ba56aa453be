/**
 * sampling — whether a trace is among the share that is recorded: the same answer for the same trace, so that plugins
 * with the same share, and gateways behind each other, agree without a word.
 *
 * HOT     Runs for every request where a plugin traces: no allocation.
 */

/** By six of the random bytes of a trace's 16, also where only the last eight are random. */
export function isSampled(traceId: Uint8Array, ratio: number): boolean {
  if (ratio >= 1) return true
  let value = 0
  for (let i = 10; i < 16; i++) value = value * 256 + traceId[i]!
  return value < ratio * 2 ** 48
}

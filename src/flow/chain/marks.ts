/**
 * marks — one number that says which step of which plugin runs, so that a worker can leave it in shared memory at next
 * to no cost, and the primary can read it while the worker is stuck.
 *
 * A plugin's number comes from its name alone: nobody has to agree on a list. Two of some hundred names share one with
 * a chance of one in some thousands; the primary then says both.
 */
export const STEP_REWRITE = 1
export const STEP_REQUEST = 2
export const STEP_RESPONSE = 3
export const STEP_BODY = 4
export const STEP_LOG = 5

const STEPS = ['', 'rewrite', 'request', 'response', 'body', 'log'] as const
const STEP_BITS = 4
/** Marks are positive 31-bit integers. */
const NAME_MASK = 2 ** (31 - STEP_BITS) - 1

/** Without a step; a step's number is added with `|`. */
export function markOf(plugin: string): number {
  // FNV-1a: cold, and short names spread well.
  let hash = 0x811c9dc5
  for (let i = 0; i < plugin.length; i++) hash = Math.imul(hash ^ plugin.charCodeAt(i), 0x01000193)
  return (((hash >>> 4) ^ hash) & NAME_MASK) << STEP_BITS
}

export interface Running {
  readonly plugin: string
  readonly step: string
}

/** Null for 0: no plugin's step runs. `names` are all plugins that there are. */
export function readMark(mark: number, names: Iterable<string>): Running | null {
  if (mark === 0) return null
  const name = mark & ~((1 << STEP_BITS) - 1)
  const found = [...names].filter((each) => markOf(each) === name)
  return {
    plugin: found.length === 0 ? 'unknown' : found.join(' or '),
    step: STEPS[mark & ((1 << STEP_BITS) - 1)] ?? '',
  }
}

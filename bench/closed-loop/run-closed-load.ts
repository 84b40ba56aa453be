/** run-closed-load — closed-loop load by wrk where it is installed, else by autocannon. */
import { has } from '../measure/run-child.ts'
import { hasAutocannon, runAutocannon } from './autocannon.ts'
import type { ClosedLoad, ClosedResult } from './load-result.ts'
import { runWrk } from './wrk.ts'

export type ClosedTool = 'wrk' | 'autocannon'

/** The one to take here; throws what to do where there is none. */
export function closedTool(method: string): ClosedTool {
  // Both wait for the body that an answer to HEAD tells of and does not have.
  if (method === 'HEAD') throw new Error('no closed loop can ask with HEAD: give a rate')
  if (has('wrk')) return 'wrk'
  if (hasAutocannon()) return 'autocannon'
  throw new Error('a closed loop needs wrk or autocannon: npm install autocannon')
}

export function runClosedLoad(
  load: ClosedLoad,
  cores: readonly number[],
  tool = closedTool(load.method),
): Promise<ClosedResult> {
  return tool === 'wrk' ? runWrk(load, cores) : runAutocannon(load, cores)
}

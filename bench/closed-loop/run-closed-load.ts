/** run-closed-load — closed-loop load by wrk where it is installed, else by autocannon. */
import { has } from '../measure/run-child.ts'
import { hasAutocannon, runAutocannon } from './autocannon.ts'
import type { ClosedLoad, ClosedResult } from './load-result.ts'
import { runWrk } from './wrk.ts'

export type ClosedTool = 'wrk' | 'autocannon'

/** The one to take here; throws what to install where there is none. */
export function closedTool(): ClosedTool {
  if (has('wrk')) return 'wrk'
  if (hasAutocannon()) return 'autocannon'
  throw new Error('a closed loop needs wrk or autocannon: npm install autocannon')
}

export function runClosedLoad(load: ClosedLoad, cores: readonly number[]): Promise<ClosedResult> {
  return closedTool() === 'wrk' ? runWrk(load, cores) : runAutocannon(load, cores)
}

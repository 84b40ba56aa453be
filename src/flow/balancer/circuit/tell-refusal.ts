/** tell-refusal — what is said of a request that an upstream's circuit or limits refuse. */
import { type Fault, faults } from '../../../base/faults.ts'
import type { Exchange } from '../../../contract/exchange.ts'
import { setField } from '../../../http1/fields.ts'
import type { CircuitSettings } from './circuit-settings.ts'

/** `afterMs`: how long the circuit is sure to refuse; 0: not known. */
export function tellRefusal(x: Exchange, refusal: Fault, settings: CircuitSettings, afterMs: number): void {
  if (refusal !== faults.CIRCUIT_OPEN) {
    x.detail = `upstream '${settings.upstream}': ${settings.requestsMax} requests are under way, its max_requests`
    return
  }
  const seconds = Math.max(1, Math.ceil(afterMs / 1000))
  x.detail = `the circuit of upstream '${settings.upstream}' is open for ${Math.ceil(afterMs)} ms more`
  setField(x.response, 'Retry-After', String(seconds))
}

export function pendingDetail({ upstream, pendingMax }: CircuitSettings): string {
  return `upstream '${upstream}': ${pendingMax} requests wait for a connection, its max_pending_requests`
}

/**
 * fault-kind — what the end of a try says of its target.
 *
 * A connection that had served before and died without a word is the race of a keep-alive timeout with a request: it
 * says nothing, and if the target really is gone the next connection will tell. Neither does what we or the client
 * ended, nor a wait for a connection that our own limits caused.
 *
 * HOT     Runs once a try.
 */
import { type Fault, faultList, faults } from '../../../base/faults.ts'
import type { Exchange } from '../../../contract/exchange.ts'
import { WAITED_IN_VAIN } from '../../../contract/target.ts'

export const SAYS_NOTHING = 0
/** The target kept silent for too long. */
export const TIMED_OUT = 1
/** No connection, a lost one, or bytes that are no answer. */
export const BROKE = 2

const kinds = new Uint8Array(faultList.length)
kinds[faults.TARGET_CONNECT.id] = BROKE
kinds[faults.TARGET_TLS.id] = BROKE
kinds[faults.TARGET_RESET.id] = BROKE
kinds[faults.TARGET_INVALID.id] = BROKE
kinds[faults.TARGET_CONNECT_TIMEOUT.id] = TIMED_OUT
kinds[faults.TARGET_READ_TIMEOUT.id] = TIMED_OUT
kinds[faults.TARGET_WRITE_TIMEOUT.id] = TIMED_OUT
kinds[faults.TARGET_TRY_TIMEOUT.id] = TIMED_OUT

export function kindOf(x: Exchange, fault: Fault): number {
  const kind = kinds[fault.id]!
  if (kind === SAYS_NOTHING || (x.holds & WAITED_IN_VAIN) !== 0) return SAYS_NOTHING
  if (fault === faults.TARGET_RESET && x.reused && !x.freshOnly && x.firstByteMs === 0) return SAYS_NOTHING
  return kind
}

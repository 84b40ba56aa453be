/**
 * retry — whether a failed try may be followed by another (kong.md §3.3).
 *
 * Only while it cannot act twice and the client has seen nothing: always where no byte reached the target; for
 * repeatable methods where one may have. A connection that had served before and died without a word is the race of
 * a keep-alive timeout with a request: it does not count as a try, and the next one uses a new connection.
 */
import { type Fault, faults } from '../base/faults.ts'
import { type Exchange, STAGE_TRYING } from '../contract/exchange.ts'

export function mayRetry(x: Exchange, fault: Fault): boolean {
  // Once a byte of an answer has come, the target has acted.
  if (x.stage !== STAGE_TRYING || x.firstByteMs !== 0 || !x.replayable || fault.retry === 'never')
    return false
  // Its queue has no more room now than it had a moment ago.
  if (fault === faults.TARGET_QUEUE_FULL && x.tried.includes(x.target!)) return false
  if (fault.retry === 'if-repeatable' && !isRepeatable(x)) return false
  if (x.reused && fault === faults.TARGET_RESET && !x.freshOnly) {
    x.freshOnly = true
    x.attempts--
    return true
  }
  return x.attempts <= x.route!.service!.retries
}

const A = 65
const L = 76
const O = 79
const P = 80

/** POST, PATCH and LOCK act anew each time (nginx's rule, which is Kong's). Other names that begin so repeat. */
function isRepeatable(x: Exchange): boolean {
  const head = x.request
  const first = head.bytes[head.methodStart]
  const second = head.bytes[head.methodStart + 1]
  const length = head.methodEnd - head.methodStart
  if (first === P) return !(length === 4 && second === O) && !(length === 5 && second === A)
  return !(first === L && length === 4 && second === O)
}

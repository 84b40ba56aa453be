/**
 * retry — whether a failed try, or one whose answer is as good as a failure, may be followed by another, and when.
 *
 * Only while it cannot act twice and the client has seen nothing: always where no byte reached the target; for
 * repeatable methods where one may have. Kong's conditions are errors and time-outs; a service's retry
 * policy names its own, and answers too. A connection that had served before and died without a word is the race of a
 * keep-alive timeout with a request: it is no try and no retry, and the next one uses a new connection. The same goes
 * for a request that an HTTP/2 target has not touched because it was closing a connection that had served (GOAWAY).
 */
import { type Fault, faults } from '../base/faults.ts'
import { balancerOf, type Exchange, STAGE_TRYING } from '../contract/exchange.ts'
import type { RetryPolicy } from '../contract/plan.ts'
import { forgetReceived } from '../http1/fields.ts'

export const NO_RETRY = -1

/** Refusals that count as no try, for one exchange: a target that never stops refusing has to be told apart. */
const FREE_MAX = 100

/** Milliseconds until the next try, or NO_RETRY. The balancer knows already that this one is over. */
export function retryAfterFault(x: Exchange, fault: Fault, random: () => number): number {
  // Once a byte of an answer has come, the target has acted.
  if (x.stage !== STAGE_TRYING || x.firstByteMs !== 0 || !x.replayable || fault.retry === 'never')
    return NO_RETRY
  // Its queue has no more room now than it had a moment ago.
  if (fault === faults.TARGET_QUEUE_FULL && x.tried.includes(x.target!)) return NO_RETRY
  const policy = x.route!.service!.retryPolicy
  if (fault.retry === 'if-repeatable' && !mayActTwice(x, policy)) return NO_RETRY
  if (x.reused && fault === faults.TARGET_RESET && !x.freshOnly) {
    x.freshOnly = true
    x.attempts--
    return 0
  }
  if (fault === faults.TARGET_REFUSED && x.reused && x.tried.length < FREE_MAX) {
    x.attempts--
    return 0
  }
  if (policy !== null && !isCondition(policy, fault)) return NO_RETRY
  return mayTake(x) ? drawPause(policy, x.attempts, random) : NO_RETRY
}

/**
 * The same for an answer, whose head is in `x`. Where another try is wanted and could be made the balancer is told that
 * this one is over; x.target is null when its budget has none, and the answer is the client's after all.
 */
export function retryAfterAnswer(x: Exchange, random: () => number): number {
  const policy = x.route!.service!.retryPolicy
  if (policy === null) return NO_RETRY
  if (!policy.statuses.includes(x.status) || !x.replayable) return NO_RETRY
  if (!mayActTwice(x, policy) || !hasTryLeft(x)) return NO_RETRY
  balancerOf(x).done(x, x.target!, faults.NONE)
  if (mayTake(x)) return drawPause(policy, x.attempts, random)
  x.target = null
  return NO_RETRY
}

/**
 * Another try follows: it has times of its own, and nothing is left of an answer but what plugins added. What the
 * client sends until it is ready waits with the listener.
 */
export function leaveTry(x: Exchange): void {
  x.tried.push(x.target!)
  x.target = null
  x.carrier = null
  if (x.response.used !== 0) forgetReceived(x.response)
  x.status = 0
  x.detail = ''
  x.responseLength = 0
  x.bodyless = false
  x.connectedMs = 0
  x.sentMs = 0
  x.firstByteMs = 0
  if (x.requestLength !== 0 && !x.requestEnded) x.client!.pauseBody(x)
}

function hasTryLeft(x: Exchange): boolean {
  return x.attempts <= x.route!.service!.retries
}

/** Asks the upstream's budget last: what it grants is used. */
function mayTake(x: Exchange): boolean {
  return hasTryLeft(x) && balancerOf(x).takeRetry(x)
}

function mayActTwice(x: Exchange, policy: RetryPolicy | null): boolean {
  return isRepeatable(x) || policy?.nonIdempotent === true
}

/** A connection that did not come about in time has failed and has timed out. A full queue is nobody's failure. */
function isCondition(policy: RetryPolicy, fault: Fault): boolean {
  if (fault === faults.TARGET_RESET) return policy.onReset
  if (fault === faults.TARGET_CONNECT || fault === faults.TARGET_TLS) return policy.onConnectFailure
  if (fault === faults.TARGET_CONNECT_TIMEOUT) return policy.onConnectFailure || policy.onTimeout
  if (fault === faults.TARGET_REFUSED) return policy.onReset || policy.onConnectFailure
  return fault === faults.TARGET_QUEUE_FULL || policy.onTimeout
}

/** Whole milliseconds before the retry that follows the `nth` try, drawn from all there could be (full jitter). */
function drawPause(policy: RetryPolicy | null, nth: number, random: () => number): number {
  if (policy === null || policy.backOffBaseMs === 0) return 0
  return Math.floor(random() * Math.min(policy.backOffMaxMs, policy.backOffBaseMs * 2 ** (nth - 1)))
}

const A = 65
const L = 76
const O = 79
const P = 80

/** POST, PATCH and LOCK act anew each time (nginx's rule, which is Kong's). Other names that begin so repeat. */
function isRepeatable(x: Exchange): boolean {
  const method = x.upstreamMethod
  if (method !== '') return method !== 'POST' && method !== 'PATCH' && method !== 'LOCK'
  const head = x.request
  const first = head.bytes[head.methodStart]
  const second = head.bytes[head.methodStart + 1]
  const length = head.methodEnd - head.methodStart
  if (first === P) return !(length === 4 && second === O) && !(length === 5 && second === A)
  return !(first === L && length === 4 && second === O)
}

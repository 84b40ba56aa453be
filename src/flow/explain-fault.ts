/**
 * explain-fault — says for the operator what a failed exchange failed at, where nobody nearer to it has: which target,
 * which time and how long it is, how far the exchange had come. Runs once a failure, when all is over; clients are
 * never told.
 */
import { type Fault, faults } from '../base/faults.ts'
import { type Exchange, STAGE_ANSWERING, STAGE_TRYING, STAGE_WAITING } from '../contract/exchange.ts'
import { TRY_END, TRY_HEAD, TRY_SENT, TRY_START } from '../contract/record/try-log.ts'
import type { Target } from '../contract/target.ts'
import { explainMalformed } from './explain-malformed.ts'

/** Bytes of an answer that go into `detail`. */
const ANSWER_MAX = 300

type Explain = (x: Exchange) => string

const OF_TARGETS: ReadonlyMap<Fault, Explain> = new Map<Fault, Explain>([
  [faults.TARGET_CONNECT, () => 'the connection could not be made'],
  [faults.TARGET_CONNECT_TIMEOUT, explainConnectTimeout],
  [
    faults.TARGET_READ_TIMEOUT,
    (x) => `silent for the read_timeout of ${service(x).readTimeoutMs} ms, ${progress(x)}`,
  ],
  [
    faults.TARGET_WRITE_TIMEOUT,
    (x) => `took no more of the request for ${service(x).writeTimeoutMs} ms (write_timeout)`,
  ],
  [faults.TARGET_TRY_TIMEOUT, explainTryTimeout],
  [
    faults.TARGET_RESET,
    (x) => `closed the connection${x.reused ? ', which had served before,' : ''} ${progress(x)}`,
  ],
  [faults.TARGET_INVALID, (x) => `what it sent is no HTTP, ${progress(x)}`],
  [faults.TARGET_REFUSED, () => 'it took no more requests on this connection'],
  [faults.TARGET_QUEUE_FULL, () => 'no connection is free, and as many requests wait for one as may'],
  [faults.DEADLINE_EXCEEDED, (x) => `the call's grpc-timeout was over, ${progress(x)}`],
  [faults.TUNNEL_IDLE, (x) => `no side sent anything for the read_timeout of ${service(x).readTimeoutMs} ms`],
  [faults.TUNNEL_CLOSED, () => 'SLUICE_TUNNEL_LIFETIME was over, or the gateway stops'],
  [
    faults.RESPONSE_BODY_TOO_LARGE,
    (x) => `a plugin wants the whole body, of at most ${x.route!.chain.responseBodyMax} bytes`,
  ],
])

const OTHERS: ReadonlyMap<Fault, Explain> = new Map<Fault, Explain>([
  [faults.SERVICE_NOT_FOUND, (x) => `route '${x.route?.name ?? x.route?.id}' has no service`],
  [faults.NAME_UNRESOLVED, (x) => `'${hostOf(x)}' does not resolve`],
  [faults.TARGET_NONE, explainNone],
  [faults.REQUEST_MALFORMED, explainMalformed],
  [faults.REQUEST_TIMEOUT, explainSlow],
  [faults.REQUEST_BODY_TOO_LARGE, (x) => sizeOf(x)],
  [faults.REQUEST_SIZE_EXCEEDED, (x) => `${sizeOf(x)}; the route allows ${x.requestBytesMax}`],
  [faults.CLIENT_GONE, explainGone],
  [faults.CLIENT_STALLED, explainGone],
  [faults.GATEWAY_STOPPED, explainGone],
])

/** '' where the fault says it all. To be asked before the exchange's stage becomes that of one that is over. */
export function explainFault(x: Exchange): string {
  const last = x.tries.count - 1
  const ofTarget = OF_TARGETS.get(x.fault)
  if (ofTarget !== undefined && last >= 0) return `${placeOf(x.tries.targets[last]!)}: ${ofTarget(x)}`
  return OTHERS.get(x.fault)?.(x) ?? ''
}

/** What a plugin has told the client of an error in a form of its own; '' where the answer is no such. */
export function explainAnswer(x: Exchange): string {
  if (x.answerFault === faults.NONE || x.answerFault !== x.fault || x.answerBody.length === 0) return ''
  const text = Buffer.from(x.answerBody).toString('utf8', 0, ANSWER_MAX)
  const said = /^\{(?:"error":"\w*",)?"(?:message|error_description)":"([^"\\]*)"\}$/.exec(text)
  return `: ${said?.[1] ?? text}`
}

function explainConnectTimeout(x: Exchange): string {
  const { connectTimeoutMs } = service(x)
  const waited = x.tries.queued[x.tries.count - 1] === 1
  return waited
    ? `no connection was free for the connect_timeout of ${connectTimeoutMs} ms`
    : `no connection within the connect_timeout of ${connectTimeoutMs} ms`
}

function explainTryTimeout(x: Exchange): string {
  const ms = service(x).retryPolicy?.perTryTimeoutMs ?? 0
  return `no answer within the per_try_timeout of ${ms} ms, ${progress(x)}`
}

function explainNone(x: Exchange): string {
  const tried = x.tries.all
  if (tried > 0) return `'${hostOf(x)}' has no other target behind the ${tried} that failed`
  return `'${hostOf(x)}' has no target that may be asked: none at all, or none healthy`
}

/** Of the client, while the request came. */
function explainSlow(x: Exchange): string {
  if (x.enteredMs === 0) return 'its head was not whole in time (SLUICE_CLIENT_HEADER_TIMEOUT)'
  return `${x.requestBytes} bytes of its body had come (SLUICE_CLIENT_BODY_TIMEOUT, _RATE_MIN)`
}

function explainGone(x: Exchange): string {
  const last = x.tries.count - 1
  if (x.stage === STAGE_ANSWERING) return `${x.responseBytes} bytes of the answer's body were out`
  if (x.stage === STAGE_WAITING) return 'while a plugin had it wait'
  if (x.stage !== STAGE_TRYING || last < 0) return `${x.requestBytes} bytes of its body had come`
  return `while ${placeOf(x.tries.targets[last]!)} was asked, ${progress(x)}`
}

/** How far the last try had come. */
function progress(x: Exchange): string {
  const { tries } = x
  const last = tries.count - 1
  const [start, sent, head, end] = [TRY_START, TRY_SENT, TRY_HEAD, TRY_END].map((column) =>
    tries.time(last, column),
  )
  if (sent === 0) return `before it was connected, ${since(start!, end!)} after its start`
  if (head !== 0) return `after the head of its answer and ${x.responseBytes} bytes of the body`
  return `${since(sent!, end!)} after the request was sent, without an answer`
}

function since(from: number, to: number): string {
  return `${Math.max(0, Math.floor(to - from))} ms`
}

function sizeOf(x: Exchange): string {
  return x.requestLength > 0
    ? `Content-Length is ${x.requestLength}`
    : `more than ${x.requestBytes} bytes have come`
}

function service(x: Exchange) {
  return x.route!.service!
}

function hostOf(x: Exchange): string {
  return x.route?.service?.host ?? ''
}

/** By its address, and by its name where that is another. */
function placeOf({ name, address: { ip, port } }: Target): string {
  const place = port === 0 ? ip : `${ip.includes(':') ? `[${ip}]` : ip}:${port}`
  return name === place ? `target ${place}` : `target ${place} (${name})`
}

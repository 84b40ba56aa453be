/**
 * request-head — a request's fields, once they are read, as the head that the flow is given, and how much body it may
 * have.
 *
 * HOT     Runs once a request.
 */
import { type Fault, faults } from '../../src/base/faults.ts'
import type { Exchange } from '../../src/contract/exchange.ts'
import type { ListenerLimits } from '../../src/contract/listener.ts'
import { CHUNKED, INVALID, requestLength } from '../../src/http1/framing.ts'
import { bit } from '../../src/http1/names.ts'
import { TOO_LARGE } from '../../src/http2/hpack/hpack-decoder.ts'
import { RequestFields } from '../../src/http2/request-fields.ts'
import { headFault } from '../http1/head-fault.ts'

const HAS_LENGTH = bit('content-length')

/** A head is read whole before the next one, so one serves all connections of the worker. */
export const requestFields = new RequestFields()

/** Puts what `requestFields` has gathered into x.request. Answers what is wrong with it, or NONE. */
export function readHead(x: Exchange, verdict: number, isEnd: boolean, limits: ListenerLimits): Fault {
  if (isEnd) x.requestEnded = true
  if (verdict === TOO_LARGE) return faults.REQUEST_HEAD_TOO_LARGE
  if (!requestFields.finish()) return faults.REQUEST_MALFORMED
  const text = requestFields.text
  const at = x.request.feed(text.bytes, 0, text.used)
  if (at !== text.used) return at < 0 ? headFault(at) : faults.REQUEST_MALFORMED
  const length = requestLength(x.request)
  if (length === INVALID) return faults.REQUEST_MALFORMED
  if (isEnd) return length > 0 ? faults.REQUEST_MALFORMED : faults.NONE
  if ((x.request.present & HAS_LENGTH) === 0) {
    x.requestLength = CHUNKED
    return faults.NONE
  }
  x.requestLength = length
  if (length === 0) x.requestEnded = true
  return limits.bodyBytesMax !== 0 && length > limits.bodyBytesMax
    ? faults.REQUEST_BODY_TOO_LARGE
    : faults.NONE
}

/**
 * How a plugin answers for itself: it fills the exchange and returns DONE.
 *
 * Two forms stand side by side, as in Kong. The plain one is here: exactly these bytes. The one that follows the
 * client's Accept and carries the request's id is the response stage's: a plugin asks for it by setting `x.fault`.
 * Bodies that do not change are bytes made in `build`. Fields beyond Content-Type are set on x.response, before or
 * after, by http1/fields.ts.
 */
import { type Fault, faults } from '../base/faults.ts'
import { removeField, setField } from '../http1/fields.ts'
import { type Exchange, NO_BODY } from './exchange.ts'

export const JSON_TYPE = 'application/json; charset=utf-8'

/** The answer is `status` with `body`; a string goes out as UTF-8. `contentType` null: no such field. */
export function answer(
  x: Exchange,
  status: number,
  body: Uint8Array | string,
  contentType: string | null,
): void {
  const bytes = typeof body === 'string' ? (body === '' ? NO_BODY : Buffer.from(body)) : body
  x.fault = faults.NONE
  x.status = status
  x.proxied = false
  x.answerBody = bytes
  x.responseLength = bytes.length
  if (contentType === null) removeField(x.response, 'content-type')
  else setField(x.response, 'Content-Type', contentType)
}

/** Kong's short form: {"message":"…"} and nothing else. */
export function exitJson(x: Exchange, status: number, message: string): void {
  answer(x, status, messageBody(message), JSON_TYPE)
}

/** The body of `exitJson`, for plugins that make it once. */
export function messageBody(message: string): Uint8Array {
  return Buffer.from(JSON.stringify({ message }))
}

/** What was just answered is an error: it goes out as it is, and logs and counters have it under `fault`. */
export function callIt(x: Exchange, fault: Fault): void {
  x.fault = fault
  x.answerFault = fault
}

/**
 * The templated form, with words and a status of the plugin's own: the response stage picks the client's type and adds
 * the request's id. To be followed by DONE.
 */
export function refuse(x: Exchange, fault: Fault, status: number, text: string): void {
  x.fault = fault
  x.faultStatus = status
  x.faultText = text
}

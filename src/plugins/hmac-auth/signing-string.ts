/**
 * signing-string — the text that a client has signed: one line for each header that it lists.
 *
 * `name: value` with the name as it lists it; `name:` for a header that is absent; for @request-target the method in
 * small letters and the target, for request-line the line itself. Of a header that stands twice the first counts.
 *
 * LIMITS  CHARS_MAX, so that a large header that is listed again and again costs no more than the head has cost.
 */
import type { Exchange } from '../../contract/exchange.ts'
import { getField } from '../../http1/fields.ts'
import type { Head } from '../../http1/head.ts'

export const CHARS_MAX = 64 * 1024

const TARGET = '@request-target'
const LINE = 'request-line'

/** '' where it would be too long. `target` is the path with the query. A byte a character. */
export function makeSigningString(x: Exchange, headers: readonly string[], target: string): string {
  let text = ''
  for (let i = 0; i < headers.length; i++) {
    if (i > 0) text += '\n'
    text += lineOf(x, headers[i]!, target)
    if (text.length > CHARS_MAX) return ''
  }
  return text
}

function lineOf(x: Exchange, name: string, target: string): string {
  const value = getField(x.request, name.toLowerCase())
  if (value !== null) return name.concat(': ', value)
  if (name === TARGET) return name.concat(': ', methodOf(x.request).toLowerCase(), ' ', target)
  if (name === LINE) return methodOf(x.request).concat(' ', target, ' ', versionOf(x))
  return name.concat(':')
}

/** Whether the target is part of what is signed. */
export function signsTarget(headers: readonly string[]): boolean {
  return headers.includes(TARGET) || headers.includes(LINE)
}

/** As the client has sent it. */
export function sentTarget(x: Exchange): string {
  const { bytes, pathStart, targetEnd } = x.request
  return bytes.latin1Slice(pathStart, targetEnd)
}

/** As Kong shows it to this plugin: the path normalised, and no question mark without a query behind it. */
export function normalTarget(x: Exchange): string {
  const { bytes, pathEnd, targetEnd } = x.request
  const path = x.pathBytes.latin1Slice(x.pathStart, x.pathEnd)
  return targetEnd - pathEnd > 1 ? path.concat(bytes.latin1Slice(pathEnd, targetEnd)) : path
}

function methodOf(head: Head): string {
  return head.bytes.latin1Slice(head.methodStart, head.methodEnd)
}

function versionOf(x: Exchange): string {
  if (x.client?.isHttp2 === true) return 'HTTP/2'
  return x.request.minor === 0 ? 'HTTP/1.0' : 'HTTP/1.1'
}

/**
 * templates — the bodies of the gateway's own error answers, chosen by Accept (as Kong).
 *
 * JSON is the answer to most and is built from bytes made once; the others are plain string work.
 */
import type { Fault } from '../../base/faults.ts'
import { faults } from '../../base/faults.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { getFields } from '../../http1/fields.ts'
import { bit } from '../../http1/names.ts'

type Kind = 'json' | 'html' | 'xml' | 'plain'

export const CONTENT_TYPES: Readonly<Record<Kind, string>> = {
  json: 'application/json; charset=utf-8',
  html: 'text/html; charset=utf-8',
  xml: 'application/xml; charset=utf-8',
  plain: 'text/plain; charset=utf-8',
}

/** Failures that the server layer of Kong answers: without Accept they follow the request's own type. */
const SERVER_LAYER: ReadonlySet<Fault> = new Set([
  faults.REQUEST_MALFORMED,
  faults.REQUEST_HEAD_TOO_LARGE,
  faults.REQUEST_URI_TOO_LONG,
  faults.REQUEST_BODY_TOO_LARGE,
  faults.REQUEST_TIMEOUT,
  faults.VERSION_UNSUPPORTED,
  faults.METHOD_NOT_ALLOWED,
  faults.EXPECTATION_FAILED,
  faults.TARGET_CONNECT,
  faults.TARGET_CONNECT_TIMEOUT,
  faults.TARGET_RESET,
  faults.TARGET_REFUSED,
  faults.TARGET_INVALID,
  faults.TARGET_WRITE_TIMEOUT,
  faults.TARGET_READ_TIMEOUT,
  faults.TARGET_TRY_TIMEOUT,
  faults.TARGET_TLS,
  faults.INTERNAL,
])

/** Which of the four kinds this exchange is answered with. `fallback` is SLUICE_ERROR_DEFAULT_TYPE. */
export function chooseKind(x: Exchange, fault: Fault, fallback: string): Kind {
  if ((x.request.present & bit('accept')) !== 0) return fromAccept(getFields(x.request, 'accept').join(','))
  if (!SERVER_LAYER.has(fault)) return 'json'
  const own = getFields(x.request, 'content-type')[0]
  return fromType((own ?? fallback).split(';', 1)[0]!.trim().toLowerCase()) ?? 'plain'
}

const MAX_RANGES = 32

/** The first of the ranges with the highest q that names a kind; JSON when none does. */
function fromAccept(value: string): Kind {
  let best: Kind = 'json'
  let bestQ = 0
  for (const range of value.split(',', MAX_RANGES)) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const quality = parameters.find((parameter) => parameter.startsWith('q='))
    const q = quality === undefined ? 1 : Number(quality.slice(2))
    const kind = fromType(type)
    if (kind !== null && q > bestQ) {
      best = kind
      bestQ = q
    }
  }
  return best
}

function fromType(type: string): Kind | null {
  switch (type) {
    case 'application/json':
    case 'application/*':
    case '*/*':
      return 'json'
    case 'text/html':
      return 'html'
    case 'application/xml':
    case 'text/xml':
      return 'xml'
    case 'text/plain':
    case 'text/*':
      return 'plain'
    default:
      return null
  }
}

/** The body. `message` is ours or an operator's, and is escaped for the kind all the same. */
export function renderError(kind: Kind, message: string, requestId: string): string {
  if (kind === 'json') return `{\n  "message":${JSON.stringify(message)},\n  "request_id":"${requestId}"\n}`
  if (kind === 'plain') return `${message}\nrequest_id: ${requestId}\n`
  const escaped = message.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)
  if (kind === 'xml') {
    return `<?xml version="1.0" encoding="UTF-8"?>\n<error>\n  <message>${escaped}</message>\n  <requestid>${requestId}</requestid>\n</error>\n`
  }
  return (
    '<!doctype html>\n<html>\n  <head>\n    <meta charset="utf-8">\n    <title>Error</title>\n  </head>\n  <body>\n' +
    `    <h1>Error</h1>\n    <p>${escaped}.</p>\n    <p>request_id: ${requestId}</p>\n  </body>\n</html>\n`
  )
}

/**
 * grpc-answer — the gateway's own answers to gRPC calls: a grpc-status and a grpc-message in fields, no body (as Kong).
 *
 * Over HTTP/2 the HTTP status is 200, which is what gRPC clients look behind; an HTTP/1.1 client that calls itself gRPC
 * is none, and keeps the status. gRPC-Web clients get the same fields under their own content type.
 */
import { type Exchange, NO_BODY } from '../../contract/exchange.ts'
import { getField, setField } from '../../http1/fields.ts'
import { bit } from '../../http1/names.ts'

const HAS_CONTENT_TYPE = bit('content-type')
const GRPC = 'application/grpc'
const GRPC_WEB = 'application/grpc-web'
/** Bytes of a plugin's answer that may become a message: a field is no place for a page. */
const MESSAGE_MAX = 1024

export function isGrpc(x: Exchange): boolean {
  const head = x.request
  if ((head.present & HAS_CONTENT_TYPE) === 0 && head.added.length === 0) return false
  return contentTypeOf(x).startsWith(GRPC)
}

function contentTypeOf(x: Exchange): string {
  return (getField(x.request, 'content-type') ?? '').toLowerCase()
}

const GRPC_STATUS: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  409: 6,
  429: 8,
  499: 1,
  500: 13,
  501: 12,
  503: 14,
  504: 4,
}

/** What an HTTP status is called in gRPC. */
export function grpcStatus(status: number): number {
  const known = GRPC_STATUS[status]
  if (known !== undefined) return known
  if (status >= 500) return 13
  if (status >= 400) return 3
  return status >= 200 && status < 300 ? 0 : 2
}

export function makeGrpcAnswer(x: Exchange, text: string, status: number): void {
  const type = contentTypeOf(x)
  setField(x.response, 'Content-Type', type.startsWith(GRPC_WEB) ? type : GRPC)
  setField(x.response, 'grpc-status', String(status))
  setField(x.response, 'grpc-message', encodeMessage(text))
  x.answerBody = NO_BODY
}

/** For any answer of our own that is about to leave: a plugin has given it the form that HTTP clients know. */
export function fitForGrpc(x: Exchange): void {
  if (getField(x.response, 'grpc-status') === null)
    makeGrpcAnswer(x, messageOf(x.answerBody), grpcStatus(x.status))
  if (x.client!.isHttp2 || contentTypeOf(x).startsWith(GRPC_WEB)) x.status = 200
}

/** `message` of a JSON body, or the text itself. */
function messageOf(body: Uint8Array): string {
  if (body.length > MESSAGE_MAX) return ''
  const text = Buffer.from(body).toString()
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && 'message' in value) return String(value.message)
  } catch {
    // Not every answer is JSON.
  }
  return text.trim()
}

/** Percent-encoded but for printable ASCII, as gRPC over HTTP/2 asks. */
export function encodeMessage(text: string): string {
  let encoded = ''
  for (const byte of Buffer.from(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}

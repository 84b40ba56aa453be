/** The content types of gRPC-Web, and what each says of its body. */
import type { Exchange } from '../../contract/exchange.ts'
import { getField } from '../../http1/fields.ts'

/** Base64 both ways, for browsers that can't read bytes. */
const TEXT = new Set(['application/grpc-web-text', 'application/grpc-web-text+proto'])
const BINARY = new Set(['application/grpc-web', 'application/grpc-web+proto'])

/** A request's type without parameters, in lower case; '' when it names none. */
export function typeOf(x: Exchange): string {
  return (getField(x.request, 'content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase()
}

export function isGrpcWeb(type: string): boolean {
  return BINARY.has(type) || TEXT.has(type)
}

export function isText(type: string): boolean {
  return TEXT.has(type)
}

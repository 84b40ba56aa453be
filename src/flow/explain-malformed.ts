/**
 * explain-malformed — says for the operator what was wrong with a request that is refused as malformed: which part of
 * it broke which rule. It finds that out anew, once all is over.
 */
import type { Exchange } from '../contract/exchange.ts'
import { ASTERISK } from '../http1/chars.ts'
import { INVALID, requestLength } from '../http1/framing.ts'
import { type Head, STRIDE } from '../http1/head.ts'
import { hostEnd, portAfter } from '../http1/host.ts'
import { id } from '../http1/names.ts'
import { normalizePath } from '../http1/uri.ts'
import { explainHead, isWhole } from './explain-head.ts'

export function explainMalformed(x: Exchange): string {
  const head = x.request
  if (head.used === 0)
    return x.client?.isHttp2 === true ? 'fields: one that HTTP/2 has not, or has not there' : ''
  if (!isWhole(head)) return explainHead(head)
  if (requestLength(head) === INVALID) return explainLength(head)
  return explainHost(head) || explainPath(head) || explainBody(x)
}

function explainLength(head: Head): string {
  const length = head.indexOf(id['content-length'], 0)
  const coding = head.indexOf(id['transfer-encoding'], 0)
  if (length >= 0 && coding >= 0) return 'length: Content-Length and Transfer-Encoding'
  if (length >= 0) {
    const isTwice = head.indexOf(id['content-length'], length + 1) >= 0
    return isTwice ? 'length: Content-Length twice' : 'length: Content-Length is no number that can be'
  }
  if (head.minor === 0) return 'length: Transfer-Encoding in HTTP/1.0'
  const isTwice = head.indexOf(id['transfer-encoding'], coding + 1) >= 0
  return isTwice ? 'length: Transfer-Encoding twice' : 'length: Transfer-Encoding is not just chunked'
}

function explainHost(head: Head): string {
  const host = head.indexOf(id.host, 0)
  if (host < 0 && head.minor === 1) return 'host: there is none'
  if (host >= 0 && head.indexOf(id.host, host + 1) >= 0) return 'host: Host twice'
  const spans = head.spans
  if (host >= 0 && !isAuthority(head, spans[host * STRIDE + 2]!, spans[host * STRIDE + 3]!))
    return `host: no name or address with or without a port, at byte ${spans[host * STRIDE + 2]} of the head`
  if (head.authorityEnd === 0 || isAuthority(head, head.authorityStart, head.authorityEnd)) return ''
  return 'target: no host, or one that is no name or address with or without a port'
}

function isAuthority({ bytes }: Head, start: number, end: number): boolean {
  const host = hostEnd(bytes, start, end)
  return host >= 0 && portAfter(bytes, host, end) >= 0
}

function explainPath({ bytes, pathStart, pathEnd }: Head): string {
  if (bytes[pathStart] === ASTERISK) return ''
  if (normalizePath(bytes, pathStart, pathEnd, Buffer.alloc(pathEnd - pathStart + 1)) >= 0) return ''
  return 'target: its path climbs above the root, or has a % without two hexadecimal digits'
}

function explainBody(x: Exchange): string {
  const trailers = x.requestTrailers
  if (trailers.used > 0 && !isWhole(trailers)) return `trailers: ${explainHead(trailers)}`
  const so = `${x.requestBytes} bytes of it had come`
  if (x.client?.isHttp2 === true) return `length: the body is not as long as Content-Length says, ${so}`
  if (x.requestTransform !== null) return `body: its chunks, or what a plugin reads in it, are broken, ${so}`
  return `body: its chunks break the grammar, ${so}`
}

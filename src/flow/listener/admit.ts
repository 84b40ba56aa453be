/**
 * admit — what must be right about a request before it is routed, and what routing reads of it.
 *
 * Host exactly once and well-formed, a path in normal form, a method a gateway forwards, an expectation it knows, and
 * who the client is behind trusted proxies (RFC 9110 §7.2, §10.1.1; RFC 9112 §3.2; paths and proxies as Kong's).
 *
 * HOT     Runs once a request, on both engines.
 */
import { type Fault, faults } from '../../base/faults.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { expectsContinue } from '../../http1/framing.ts'
import { STRIDE } from '../../http1/head.ts'
import { hostEnd, portAfter } from '../../http1/host.ts'
import { bit, id } from '../../http1/names.ts'
import { normalizePath } from '../../http1/uri.ts'
import type { AdmitSettings } from './admit-settings.ts'
import { readClientAddress } from './real-ip.ts'

const HAS_EXPECT = bit('expect')

/** Faults.NONE, or why the request is refused. */
export class Admission {
  readonly #settings: AdmitSettings
  readonly #trustsNobody: boolean

  constructor(settings: AdmitSettings) {
    this.#settings = settings
    this.#trustsNobody = settings.trusted.isEmpty && settings.realIpHeader !== 'proxy_protocol'
  }

  admit(x: Exchange): Fault {
    const head = x.request
    const client = x.client!
    x.clientAddress = client.peerAddress
    x.forwardedScheme = client.scheme
    if (!readHost(x)) return faults.REQUEST_MALFORMED
    // Before the path: CONNECT has none.
    if (isRefusedMethod(x)) return faults.METHOD_NOT_ALLOWED
    if (!readPath(x)) return faults.REQUEST_MALFORMED
    if ((head.present & HAS_EXPECT) !== 0 && head.minor === 1) {
      if (!expectsContinue(head)) return faults.EXPECTATION_FAILED
      x.expectsContinue = x.requestLength !== 0
    }
    if (!this.#trustsNobody) readClientAddress(x, this.#settings)
    return faults.NONE
  }
}

/** Exactly one Host in HTTP/1.1, at most one in 1.0; an absolute-form authority replaces it (RFC 9112 §3.2.2). */
function readHost(x: Exchange): boolean {
  const head = x.request
  const row = head.indexOf(id.host, 0)
  if (row < 0) {
    if (head.minor === 1) return false
  } else {
    if (head.indexOf(id.host, row + 1) >= 0) return false
    if (!readAuthority(x, head.spans[row * STRIDE + 2]!, head.spans[row * STRIDE + 3]!)) return false
  }
  return head.authorityEnd === 0 || readAuthority(x, head.authorityStart, head.authorityEnd)
}

function readAuthority(x: Exchange, start: number, end: number): boolean {
  const bytes = x.request.bytes
  const host = hostEnd(bytes, start, end)
  if (host < 0) return false
  const port = portAfter(bytes, host, end)
  if (port < 0) return false
  x.hostStart = start
  x.hostEnd = host
  x.hostPort = port
  return true
}

const ASTERISK = 42
const O = 79

/** The path in normal form: where it was sent if it is so already, else in the scratch buffer. */
function readPath(x: Exchange): boolean {
  const head = x.request
  if (!head.pathOdd && head.pathEnd > head.pathStart) {
    if (head.bytes[head.pathStart] === ASTERISK)
      return head.bytes[head.methodStart] === O && head.methodEnd - head.methodStart === 7
    x.pathBytes = head.bytes
    x.pathStart = head.pathStart
    x.pathEnd = head.pathEnd
    return true
  }
  const size = head.pathEnd - head.pathStart + 1
  if (x.scratch.length < size) x.scratch = Buffer.allocUnsafeSlow(Math.max(size, 256))
  const length = normalizePath(head.bytes, head.pathStart, head.pathEnd, x.scratch)
  if (length < 0) return false
  x.pathBytes = x.scratch
  x.pathStart = 0
  x.pathEnd = length
  return true
}

const T = 84
const C = 67
const TRACE = Buffer.from('TRACE')
const CONNECT = Buffer.from('CONNECT')

/** TRACE would show a client what proxies added; CONNECT would make the gateway a tunnel to anywhere. */
function isRefusedMethod(x: Exchange): boolean {
  const head = x.request
  const first = head.bytes[head.methodStart]
  if (first !== T && first !== C) return false
  const method = first === T ? TRACE : CONNECT
  if (head.methodEnd - head.methodStart !== method.length) return false
  for (let i = 0; i < method.length; i++) if (head.bytes[head.methodStart + i] !== method[i]) return false
  return true
}

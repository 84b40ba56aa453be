/** copy — a request that is over, as somebody else is sent it. */
import type { Exchange } from '../../contract/exchange.ts'
import type { Host } from '../../contract/plugin.ts'
import { getField, getFields, listFields } from '../../http1/fields.ts'

export interface Copy {
  readonly method: string
  readonly path: string
  /** Name, value, name, value. Without Host and what frames the body. */
  readonly headers: string[]
  /** '' where the target's own counts. */
  readonly host: string
  readonly body: Buffer | null
}

/** What belongs to one connection (RFC 9110 §7.6.1), or is made anew for each. */
const OF_A_CONNECTION = [
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** The gateway's word, and not that of just any client. */
const FORWARDED = [
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
]

/** Its body is too large, or did not come in whole. */
export const LEFT_OUT = Symbol('left out')

export function bodyOf(x: Exchange, max: number): Buffer | null | typeof LEFT_OUT {
  const body = x.requestBody
  if (body !== null) return body.length <= max ? body : LEFT_OUT
  if (x.requestLength === 0) return null
  if (!x.requestEnded || x.requestBytes > max) return LEFT_OUT
  if (x.requestBytes === 0) return null
  // What was kept is what a target was sent. It is less where the target answered before it had all.
  const { bytes, used } = x.replay
  return used === x.requestBytes ? Buffer.from(bytes.subarray(0, used)) : LEFT_OUT
}

export class CopyMaker {
  readonly #dropped: ReadonlySet<string>
  readonly #host: Host

  constructor(stripped: readonly string[], host: Host) {
    const own = ['x-mirrored', ...FORWARDED]
    this.#dropped = new Set([...OF_A_CONNECTION, ...own, ...stripped.map((name) => name.toLowerCase())])
    this.#host = host
  }

  make(x: Exchange, body: Buffer | null): Copy {
    const { request } = x
    const named = getFields(request, 'connection').flatMap((value) => value.toLowerCase().split(/[\s,]+/))
    const headers: string[] = []
    for (const [name, value] of listFields(request)) {
      const lower = name.toLowerCase()
      if (!this.#dropped.has(lower) && !named.includes(lower)) headers.push(name, value)
    }
    headers.push(...forwardedFor(x), 'X-Mirrored', '1')
    return {
      method: request.bytes.latin1Slice(request.methodStart, request.methodEnd),
      path: this.#host.upstreamPath(x),
      headers,
      host: x.upstreamHost === '' && x.route?.preserveHost === true ? hostOf(x) : x.upstreamHost,
      body,
    }
  }
}

function hostOf(x: Exchange): string {
  const host = x.request.bytes.latin1Slice(x.hostStart, x.hostEnd)
  return x.hostPort === 0 ? host : `${host}:${x.hostPort}`
}

function forwardedFor(x: Exchange): string[] {
  const before = x.clientTrusted ? getField(x.request, 'x-forwarded-for') : null
  const address = x.clientAddress
  return [
    ...['X-Real-IP', address],
    ...['X-Forwarded-For', before === null ? address : `${before}, ${x.client?.peerAddress ?? address}`],
    ...['X-Forwarded-Proto', x.forwardedScheme],
    ...['X-Forwarded-Host', hostOf(x)],
  ]
}

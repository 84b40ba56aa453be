/** http2-request — the fields and the body of each request of a load, as node:http2 takes them. */
import type { OutgoingHttpHeaders } from 'node:http2'
import type { ClosedLoad } from '../../../closed-loop/load-result.ts'

export interface Http2Request {
  readonly fields: OutgoingHttpHeaders
  /** Empty where it has none. */
  readonly body: Buffer
}

export function renderHttp2(load: ClosedLoad): Http2Request[] {
  const body = load.body === undefined ? Buffer.alloc(load.upload, 'x') : Buffer.from(load.body, 'base64')
  const given = Object.entries(load.fields).map(([name, value]) => [name.toLowerCase(), value] as const)
  const { host = new URL(load.origin).host, ...fields } = Object.fromEntries(given)
  const length = body.length > 0 ? { 'content-length': String(body.length) } : {}
  return load.paths.map((path) => {
    const pseudo = { ':method': load.method, ':scheme': schemeOf(load), ':authority': host, ':path': path }
    return { fields: { ...pseudo, ...fields, ...length }, body }
  })
}

function schemeOf({ origin }: ClosedLoad): string {
  return new URL(origin).protocol.slice(0, -1)
}

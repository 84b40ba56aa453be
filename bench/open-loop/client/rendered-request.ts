/** rendered-request — the bytes of each request, made before the run, so that sending one costs a system call. */
import type { ClosedLoad } from '../../closed-loop/load-result.ts'

/** Up to this size a body is kept behind each path's head and leaves with it in one write. */
const TOGETHER_MAX = 64 * 1024
const FIELD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const CONTROL = /[\r\n\0]/
/** These say with Content-Length: 0 that they have no body (RFC 9110 §8.6). */
const HAS_BODY = new Set(['POST', 'PUT', 'PATCH'])

export interface RenderedRequest {
  readonly head: Buffer
  /** What of the body is not in `head`; shared by all requests. */
  readonly rest: Buffer
}

export function renderRequests(load: ClosedLoad): RenderedRequest[] {
  const body = load.body === undefined ? Buffer.alloc(load.upload, 'x') : Buffer.from(load.body, 'base64')
  const isTogether = body.length <= TOGETHER_MAX
  const tail = fieldLines(load, body.length)
  return load.paths.map((path) => {
    if (/[^\x21-\x7e]/.test(path))
      throw new Error(`a path with a space or control in it: ${JSON.stringify(path)}`)
    const head = Buffer.from(`${load.method} ${path} HTTP/1.1\r\n${tail}`, 'latin1')
    return isTogether ? { head: Buffer.concat([head, body]), rest: Buffer.alloc(0) } : { head, rest: body }
  })
}

function fieldLines(load: ClosedLoad, bodyBytes: number): string {
  const fields = Object.entries(load.fields)
  const hasHost = fields.some(([name]) => name.toLowerCase() === 'host')
  let text = hasHost ? '' : `Host: ${new URL(load.origin).host}\r\n`
  for (const [name, value] of fields) {
    if (!FIELD.test(name) || CONTROL.test(value)) throw new Error(`no field of a request: ${name}`)
    text += `${name}: ${value}\r\n`
  }
  if (bodyBytes > 0 || HAS_BODY.has(load.method)) text += `Content-Length: ${bodyBytes}\r\n`
  return `${text}\r\n`
}

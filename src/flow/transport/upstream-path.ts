/**
 * upstream-path — the request-target a target is sent (Kong's algorithm for `path_handling` v0 and v1).
 *
 * HOT     Runs once a try. The plain cases copy a span; only a service path or an escaped byte takes the longer way.
 */
import { Outbox } from '../../base/outbox.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { Route, Service } from '../../contract/plan.ts'
import { escapePath } from '../../http1/uri.ts'

const SLASH = 47
const DOT = 46

/** Appends path and query. */
export function putUpstreamPath(out: Outbox, x: Exchange, route: Route, service: Service): void {
  if (x.upstreamUri !== '') return out.putLatin1(x.upstreamUri)
  // OPTIONS * asks about the server: it has no path to build on (RFC 9112 §3.2.4).
  if (x.pathEnd === x.pathStart) return out.putLatin1('*')
  const base = service.path
  const isPlain = base === null || base === '/'
  if (isPlain && (!route.stripPath || x.matchedLength <= 0)) putEscaped(out, x, x.pathStart)
  else if (route.stripPath && x.matchedLength >= 0) putStripped(out, x, route, base ?? '/')
  else putJoined(out, x, route, base ?? '/')
  const head = x.request
  if (x.upstreamQuery !== null) putQuery(out, x.upstreamQuery)
  else if (head.pathEnd < head.targetEnd) out.put(head.bytes, head.pathEnd, head.targetEnd)
}

const scratch = new Outbox()

/** What the targets of its service are sent, for a plugin that asks somebody else too. */
export function upstreamPathOf(x: Exchange): string {
  putUpstreamPath(scratch, x, x.route!, x.route!.service!)
  const path = scratch.bytes.latin1Slice(0, scratch.used)
  scratch.release()
  return path
}

function putQuery(out: Outbox, query: string): void {
  if (query === '') return
  out.putLatin1('?')
  out.putLatin1(query)
}

/** The request's path from `from` on, with what may not stand in a path percent-encoded. */
function putEscaped(out: Outbox, x: Exchange, from: number): void {
  if (x.request.pathOdd) escapePath(x.pathBytes, from, x.pathEnd, out)
  else out.put(x.pathBytes, from, x.pathEnd)
}

/** strip_path off: the service's path before the whole request path. */
function putJoined(out: Outbox, x: Exchange, route: Route, base: string): void {
  const endsInSlash = base.charCodeAt(base.length - 1) === SLASH
  const isRoot = x.pathEnd - x.pathStart === 1
  out.putLatin1(base)
  if (route.pathHandling === 1 || endsInSlash) putEscaped(out, x, x.pathStart + 1)
  else if (!isRoot) putEscaped(out, x, x.pathStart)
}

/** strip_path on: the service's path before what is left of the request path. */
function putStripped(out: Outbox, x: Exchange, route: Route, base: string): void {
  const from = skipDots(x.pathBytes, x.pathStart + x.matchedLength, x.pathEnd)
  const endsInSlash = base.charCodeAt(base.length - 1) === SLASH
  const startsWithSlash = from < x.pathEnd && x.pathBytes[from] === SLASH
  if (route.pathHandling === 1) {
    out.putLatin1(base)
    return putEscaped(out, x, endsInSlash && startsWithSlash ? from + 1 : from)
  }
  if (from >= x.pathEnd) return putBaseAlone(out, x, base, endsInSlash)
  out.putLatin1(base)
  if (!endsInSlash) out.putLatin1('/')
  putEscaped(out, x, startsWithSlash ? from + 1 : from)
}

/** Nothing is left of the path: a trailing slash is kept if the request had one. */
function putBaseAlone(out: Outbox, x: Exchange, base: string, endsInSlash: boolean): void {
  const asked = x.pathBytes[x.pathEnd - 1] === SLASH
  if (base === '/') out.putLatin1('/')
  else if (endsInSlash) out.putLatin1(asked ? base : base.slice(0, -1))
  else {
    out.putLatin1(base)
    if (asked && x.pathEnd - x.pathStart > 1) out.putLatin1('/')
  }
}

/** Cutting a prefix may leave a dot segment in front: it must not climb out of the service's path. */
function skipDots(bytes: Uint8Array, from: number, end: number): number {
  if (from >= end || bytes[from] !== DOT) return from
  const second = from + 1 < end ? bytes[from + 1] : -1
  if (second === -1) return end
  if (second === SLASH) return from + 2
  if (second !== DOT) return from
  if (from + 2 === end) return end
  return bytes[from + 2] === SLASH ? from + 3 : from
}

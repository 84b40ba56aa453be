/**
 * sub-route — routes taken apart, one sub-route a path, and put in the one order in which the first match wins.
 *
 * The orders are Kong's documented ones; docs/router.md says where Kong's own code strays from them. Where all is
 * equal, the older route goes first, then the smaller id, then the earlier path.
 */
import { normalizePath } from '../../http1/uri.ts'
import { normalizeRegexPath } from './pattern/regex-path.ts'
import type { RouteInput, RouteMatch, RouterFlavor } from './route-input.ts'

export interface SubRoute {
  readonly input: RouteInput
  /** Prefix with one character a byte, or the pattern; null when the route has no paths. */
  readonly path: string | null
  readonly isRegex: boolean
  /** Compared in this order, the larger first: attributes, regex_priority of a regex, bytes of a prefix. */
  readonly weight: number
  readonly priority: number
  readonly length: number
  readonly pathIndex: number
}

/** Protocols of routes that an HTTP request can reach; the others belong to streams. */
const HTTP_PROTOCOLS = new Set(['http', 'https', 'grpc', 'grpcs', 'ws', 'wss'])
const HEADERS_MAX = 255
const LENGTH_MAX = 2 ** 19 - 1

/** Every sub-route of the routes that HTTP can reach; the place in the answer is its rank, 0 the best. */
export function rankSubRoutes(routes: readonly RouteInput[], flavor: RouterFlavor): SubRoute[] {
  const found: SubRoute[] = []
  for (const input of routes) {
    if (!input.match.protocols.some((protocol) => HTTP_PROTOCOLS.has(protocol))) continue
    const paths = isSet(input.match.paths) ? input.match.paths : [null]
    for (let i = 0; i < paths.length; i++) found.push(makeSubRoute(input, paths[i] ?? null, i, flavor))
  }
  return found.sort(compare)
}

function makeSubRoute(
  input: RouteInput,
  configured: string | null,
  pathIndex: number,
  flavor: RouterFlavor,
): SubRoute {
  const isRegex = configured?.startsWith('~') ?? false
  let path = configured
  if (path !== null) path = isRegex ? normalizeRegexPath(path.slice(1)) : normalPrefix(path)
  return {
    input,
    path,
    isRegex,
    weight:
      flavor === 'traditional'
        ? weighTraditional(input.match, isRegex)
        : weighCompatible(input.match, isRegex),
    priority: isRegex ? input.match.regex_priority : 0,
    length: isRegex || path === null ? 0 : Math.min(path.length, LENGTH_MAX),
    pathIndex,
  }
}

/** Flavour traditional_compatible (the default): how many attributes, plain hosts only, header names, regex. */
function weighCompatible(match: RouteMatch, isRegex: boolean): number {
  // An empty list counts as "only plain hosts" in Kong, though it asks for none; a missing one does not.
  const plain = match.hosts !== null && !match.hosts.some(isWildcard)
  const headers = Math.min(headerCount(match), HEADERS_MAX)
  const attributes = bitCount(categoryOf(match)) * 2 + (plain ? 1 : 0)
  return (attributes * (HEADERS_MAX + 1) + headers) * 2 + (isRegex ? 1 : 0)
}

/** Flavour traditional: how many attributes, which, the kind of host and path, header names. */
function weighTraditional(match: RouteMatch, isRegex: boolean): number {
  const hosts = match.hosts ?? []
  const ported = hosts.some((host) => isWildcard(host) && splitPort(host).port !== 0)
  const plain = hosts.length > 0 && !hosts.some(isWildcard)
  const category = categoryOf(match)
  const kind = (ported ? 4 : 0) | (plain ? 2 : 0) | (isRegex ? 1 : 0)
  const headers = Math.min(headerCount(match), HEADERS_MAX)
  return ((bitCount(category) * 0x80 + category) * 8 + kind) * (HEADERS_MAX + 1) + headers
}

/** The attributes a route sets, as bits: host 0x40, header 0x20, path 0x10, method 0x08, SNI 0x04. */
function categoryOf(match: RouteMatch): number {
  return (
    (isSet(match.hosts) ? 0x40 : 0) |
    (headerCount(match) > 0 ? 0x20 : 0) |
    (isSet(match.paths) ? 0x10 : 0) |
    (isSet(match.methods) ? 0x08 : 0) |
    (isSet(match.snis) ? 0x04 : 0)
  )
}

function compare(left: SubRoute, right: SubRoute): number {
  if (left.weight !== right.weight) return right.weight - left.weight
  if (left.priority !== right.priority) return right.priority - left.priority
  if (left.length !== right.length) return right.length - left.length
  const older = left.input.match.created_at - right.input.match.created_at
  if (older !== 0) return older
  if (left.input.match.id !== right.input.match.id) return left.input.match.id < right.input.match.id ? -1 : 1
  return left.pathIndex - right.pathIndex
}

export function isSet<T>(list: readonly T[] | null): list is readonly T[] {
  return list !== null && list.length > 0
}

export function isWildcard(host: string): boolean {
  return host.includes('*')
}

/** 'name:port' taken apart; port 0 when there is none. */
export function splitPort(host: string): { name: string; port: number } {
  const parts = /^(.*?):(\d{1,5})$/.exec(host)
  if (parts === null || (host.startsWith('[') && !parts[1]!.endsWith(']'))) return { name: host, port: 0 }
  return { name: parts[1]!, port: Number(parts[2]) }
}

function headerCount(match: RouteMatch): number {
  return match.headers === null ? 0 : Object.keys(match.headers).length
}

function bitCount(bits: number): number {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++
  return count
}

/** Requests are matched in normal form, so a prefix has to be too. One that has none is taken as it stands. */
function normalPrefix(path: string): string {
  // The common case: nothing that normalising could change.
  if (/^(?:\/[\w-]+)*\/?$/.test(path)) return path
  const bytes = Buffer.from(path)
  const into = Buffer.alloc(bytes.length + 1)
  const length = normalizePath(bytes, 0, bytes.length, into)
  return length < 0 ? bytes.toString('latin1') : into.toString('latin1', 0, length)
}

/** Routes and requests for tests and benches of the router: what is not said is left out. */

import { Exchange } from '../../src/contract/exchange.ts'
import type { Client } from '../../src/contract/listener.ts'
import { type Chain, PROTOCOL_HTTP, PROTOCOL_HTTPS, type Route, RouteMark } from '../../src/contract/plan.ts'
import type { RouteInput, RouteMatch } from '../../src/flow/router/route-input.ts'
import { REQUEST_LIMITS } from '../../src/http1/limits.ts'
import { normalizePath } from '../../src/http1/uri.ts'

export interface Asked {
  method?: string
  /** As in the Host field, with port or without; null for none. */
  host?: string | null
  /** As sent. */
  path?: string
  headers?: readonly (readonly [name: string, value: string])[]
  scheme?: 'http' | 'https'
  sni?: string
}

export function makeRouteInput(match: Partial<RouteMatch> & { id: string }): RouteInput {
  const full: RouteMatch = {
    created_at: 0,
    protocols: ['http', 'https'],
    methods: null,
    hosts: null,
    paths: null,
    headers: null,
    snis: null,
    regex_priority: 0,
    path_handling: 'v0',
    ...match,
  }
  return { route: makeRoute(full.id, full.path_handling), match: full }
}

export function makeRoute(id: string, pathHandling: 'v0' | 'v1' = 'v0'): Route {
  return {
    id,
    name: id,
    mark: new RouteMark(),
    service: null,
    tags: [],
    chain: NO_CHAIN,
    protocols: PROTOCOL_HTTP | PROTOCOL_HTTPS,
    httpsRedirectStatus: 426,
    stripPath: true,
    preserveHost: false,
    pathHandling: pathHandling === 'v1' ? 1 : 0,
    requestBuffering: true,
    responseBuffering: true,
  }
}

const NO_CHAIN: Chain = {
  routeId: '',
  serviceId: '',
  links: [],
  fixed: true,
  rewrite: [],
  request: [],
  response: [],
  log: [],
  requestBodyMax: 0,
  responseBodyMax: 0,
  marks: { links: [], rewrite: [], request: [], response: [], log: [] },
}

/** An exchange as a listener hands it to the router. */
export function makeAsking(asked: Asked): Exchange {
  const x = new Exchange(REQUEST_LIMITS)
  const { method = 'GET', host = 'example.com', path = '/', headers = [], scheme = 'http', sni = '' } = asked
  const fields = [...(host === null ? [] : [['Host', host] as const]), ...headers]
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines}\r\n`, 'latin1')
  if (x.request.feed(head, 0, head.length) !== head.length) throw new Error(`not a request: ${head}`)
  if (host !== null) {
    const name = host.replace(/:\d+$/, '')
    x.hostStart = head.indexOf(`Host: ${host}`) + 'Host: '.length
    x.hostEnd = x.hostStart + name.length
    x.hostPort = Number(host.slice(name.length + 1))
  }
  x.pathBytes = Buffer.alloc(head.length)
  x.pathEnd = normalizePath(x.request.bytes, x.request.pathStart, x.request.pathEnd, x.pathBytes)
  if (x.pathEnd < 0) throw new Error(`not a path: ${path}`)
  // The router asks a client for these two facts only.
  x.client = { scheme, sni } as Client
  return x
}

/** What an echo shows: who answered, the request as the gateway read it, and the route and service it matched. */
import type { Exchange } from '../../contract/exchange.ts'
import {
  PROTOCOL_GRPC,
  PROTOCOL_GRPCS,
  PROTOCOL_HTTP,
  PROTOCOL_HTTPS,
  type Route,
  type Service,
} from '../../contract/plan.ts'
import type { Host } from '../../contract/plugin.ts'
import { getField, listFields } from '../../http1/fields.ts'
import { plainArguments } from './arguments.ts'
import { queryOf } from './trigger.ts'

/** Ready for JSON.stringify: what is not there is undefined and so left out, as Kong does. */
export function echoOf(x: Exchange, message: string | null, host: Host): object {
  return {
    message: message ?? undefined,
    kong: { node_id: host.nodeId, worker_pid: host.pid, hostname: host.hostname },
    request: requestOf(x),
    matched_route: x.route === null ? undefined : routeOf(x.route),
    matched_service: x.route?.service ? serviceOf(x.route.service) : undefined,
  }
}

function requestOf(x: Exchange): object {
  const request = x.request
  return {
    scheme: x.client?.scheme,
    host: request.bytes.latin1Slice(x.hostStart, x.hostEnd).toLowerCase(),
    port: x.client?.localPort,
    headers: headersOf(x),
    query: plainArguments(queryOf(request)),
    body: parsedBody(x),
    raw_body: x.requestBody?.toString() ?? '',
    method: request.bytes.latin1Slice(request.methodStart, request.methodEnd),
    path: x.pathBytes.latin1Slice(x.pathStart, x.pathEnd),
    uri_captures: capturesOf(x),
  }
}

function headersOf(x: Exchange): object {
  const headers = new Map<string, string | string[]>()
  for (const [name, value] of listFields(x.request)) {
    const lower = name.toLowerCase()
    const held = headers.get(lower)
    if (held === undefined) headers.set(lower, value)
    else if (typeof held === 'string') headers.set(lower, [held, value])
    else held.push(value)
  }
  return Object.fromEntries(headers)
}

/** JSON and forms are shown parsed as well; a body that does not parse is shown raw only. */
function parsedBody(x: Exchange): unknown {
  const type = getField(x.request, 'content-type')?.toLowerCase() ?? ''
  if (x.requestBody === null) return undefined
  if (type.includes('application/x-www-form-urlencoded'))
    return plainArguments(x.requestBody.toString('latin1'))
  if (!type.includes('application/json')) return undefined
  try {
    return JSON.parse(x.requestBody.toString())
  } catch {
    return undefined // an echo of a broken body is what the reader came for: raw_body has it
  }
}

function capturesOf(x: Exchange): object | undefined {
  if (x.captures === null) return undefined
  return { ...x.captures.numbered, ...x.captures.named }
}

const PROTOCOLS = [
  [PROTOCOL_GRPC, 'grpc'],
  [PROTOCOL_GRPCS, 'grpcs'],
  [PROTOCOL_HTTP, 'http'],
  [PROTOCOL_HTTPS, 'https'],
] as const

function routeOf(route: Route): object {
  return {
    id: route.id,
    name: route.name,
    protocols: PROTOCOLS.filter(([bit]) => (route.protocols & bit) !== 0).map(([, name]) => name),
    https_redirect_status_code: route.httpsRedirectStatus,
    strip_path: route.stripPath,
    preserve_host: route.preserveHost,
    path_handling: route.pathHandling === 0 ? 'v0' : 'v1',
    request_buffering: route.requestBuffering,
    response_buffering: route.responseBuffering,
    tags: route.tags,
    service: route.service === null ? null : { id: route.service.id },
  }
}

function serviceOf(service: Service): object {
  return {
    id: service.id,
    name: service.name,
    protocol: service.protocol,
    host: service.host,
    port: service.port,
    path: service.path,
    retries: service.retries,
    connect_timeout: service.connectTimeoutMs,
    write_timeout: service.writeTimeoutMs,
    read_timeout: service.readTimeoutMs,
    tags: service.tags,
  }
}

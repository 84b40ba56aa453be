/** Routes: which requests they match, and the rules between protocols and matching fields. */
import { type EntityCheck, s, type Value } from '../../../contract/schema.ts'
import {
  type EntityDefinition,
  entityRecord,
  isFilled,
  onText,
  port,
  type RawRecord,
  uniqueName,
} from './entity.ts'
import { ipOrCidrRule, sniRule, wildcardHostRule } from './hosts.ts'
import { routePathRule } from './paths.ts'
import { exclusiveRule, PROTOCOLS, quoted } from './protocols.ts'

type Route = { [key: string]: Value }

const MATCHING = ['protocols', 'methods', 'hosts', 'paths', 'headers', 'snis', 'sources', 'destinations']
const WITH_SNIS = ['grpcs', 'https', 'tls', 'tls_passthrough']
const HTTP = ['methods', 'hosts', 'headers', 'paths']
const STREAM = ['sources', 'destinations', 'snis']

const needsAttribute: EntityCheck = {
  name: 'matching attributes',
  fields: MATCHING,
  check: (route) => {
    const speaks = protocolsOf(route)
    if (speaks('https')) return oneOf(route, [...HTTP, 'snis'], "'https'")
    if (speaks('http')) return oneOf(route, HTTP, "'http'")
    if (speaks('tcp', 'tls', 'udp')) return oneOf(route, STREAM, "'tcp', 'tls' or 'udp'")
    if (speaks('tls_passthrough')) {
      return isFilled(route['snis']) ? null : "must set snis when 'protocols' is 'tls_passthrough'"
    }
    if (speaks('grpcs')) return oneOf(route, ['hosts', 'headers', 'paths', 'snis'], "'grpcs'")
    return speaks('grpc') ? oneOf(route, ['hosts', 'headers', 'paths'], "'grpc'") : null
  },
}

const forbidsAttribute: EntityCheck = {
  name: 'attributes of other protocols',
  fields: MATCHING,
  check: (route) => {
    const speaks = protocolsOf(route)
    if (speaks('http', 'https')) return none(route, ['sources', 'destinations'], "'http' or 'https'")
    if (speaks('tcp', 'tls', 'udp')) return none(route, HTTP, "'tcp', 'tls' or 'udp'")
    if (speaks('tls_passthrough')) {
      return none(route, [...HTTP, 'sources', 'destinations'], "'tls_passthrough'")
    }
    return none(route, ['methods', 'sources', 'destinations'], "'grpc' or 'grpcs'")
  },
}

const snisNeedTls: EntityCheck = {
  name: 'snis',
  fields: ['protocols', 'snis'],
  check: (route) =>
    !isFilled(route['snis']) || protocolsOf(route)(...WITH_SNIS)
      ? null
      : `'snis' can only be set when 'protocols' is ${quoted(WITH_SNIS, ' or ')}`,
}

const grpcKeepsPath: EntityCheck = {
  name: 'strip_path',
  fields: ['protocols', 'strip_path'],
  check: (route) =>
    route['strip_path'] === true && protocolsOf(route)('grpc', 'grpcs')
      ? "cannot set 'strip_path' when 'protocols' is 'grpc' or 'grpcs'"
      : null,
}

function protocolsOf(route: Route): (...names: string[]) => boolean {
  const protocols = route['protocols']
  return (...names) => Array.isArray(protocols) && names.some((name) => protocols.includes(name))
}

function oneOf(route: Route, fields: readonly string[], when: string): string | null {
  if (fields.some((field) => isFilled(route[field]))) return null
  return `must set one of ${quoted(fields)} when 'protocols' is ${when}`
}

function none(route: Route, fields: readonly string[], when: string): string | null {
  const set = fields.find((field) => isFilled(route[field]))
  return set === undefined ? null : `cannot set '${set}' when 'protocols' is ${when}`
}

function headerNameRule(name: string): string | null {
  if (name.toLowerCase() === 'host') {
    return "cannot contain 'host' header, which must be specified in the 'hosts' attribute"
  }
  return headerName(name)
}

export function headerName(name: string): string | null {
  return /^[A-Za-z0-9_-]+$/.test(name)
    ? null
    : `bad header name '${name}', allowed characters are A-Z, a-z, 0-9, '_', and '-'`
}

const addresses = s.set(
  s.record(
    { ip: s.string({ custom: onText(ipOrCidrRule) }), port },
    {
      entity_checks: [
        {
          name: 'ip or port',
          check: (each) =>
            each['ip'] === null && each['port'] === null
              ? "at least one of these fields must be non-empty: 'ip', 'port'"
              : null,
        },
      ],
    },
  ),
)

export const routes: EntityDefinition = {
  name: 'routes',
  referenceKey: 'name',
  idFields: ['name'],
  unique: [['name']],
  prepare: keepPathForGrpc,
  schema: entityRecord(
    {
      name: uniqueName,
      protocols: s.set(s.string({ one_of: PROTOCOLS }), {
        required: true,
        len_min: 1,
        default: ['http', 'https'],
        custom: exclusiveRule,
      }),
      https_redirect_status_code: s.integer({
        required: true,
        default: 426,
        one_of: [426, 301, 302, 307, 308],
      }),
      strip_path: s.boolean({ required: true, default: true }),
      preserve_host: s.boolean({ required: true, default: false }),
      request_buffering: s.boolean({ required: true, default: true }),
      response_buffering: s.boolean({ required: true, default: true }),
      service: s.foreign('services'),
      methods: s.set(s.string({ match: ['^[A-Z]+$', 'invalid value: expected upper-case letters only'] })),
      hosts: s.array(s.string({ custom: onText(wildcardHostRule) })),
      paths: s.array(s.string({ custom: onText(routePathRule) })),
      headers: s.map(s.string({ custom: onText(headerNameRule) }), s.array(s.string())),
      snis: s.set(s.string({ custom: onText(sniRule) })),
      sources: addresses,
      destinations: addresses,
      regex_priority: s.integer({ default: 0 }),
      path_handling: s.string({ default: 'v0', one_of: ['v0', 'v1'] }),
    },
    { entity_checks: [needsAttribute, forbidsAttribute, snisNeedTls, grpcKeepsPath] },
  ),
}

/** A path is part of a gRPC method's name, so the default is the other way round there. */
function keepPathForGrpc(raw: RawRecord): void {
  const protocols = raw['protocols']
  const isGrpc = Array.isArray(protocols) && (protocols.includes('grpc') || protocols.includes('grpcs'))
  if (isGrpc) raw['strip_path'] ??= false
}

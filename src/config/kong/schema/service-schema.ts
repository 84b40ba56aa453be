/** Services, and the `url` that stands for four of their fields. */
import { type EntityCheck, s, type Value } from '../../../contract/schema.ts'
import {
  type EntityDefinition,
  entityRecord,
  isFilled,
  onText,
  port,
  type RawRecord,
  type Say,
  uniqueName,
  uuid,
} from './entity.ts'
import { retryPolicy } from './extensions/resilience-schema.ts'
import { serviceHostRule } from './hosts.ts'
import { pathRule } from './paths.ts'
import { PROTOCOLS } from './protocols.ts'

const timeout = s.integer({ default: 60000, between: [1, 2147483646] })
const WITH_TLS = ['https', 'tls']
const WITHOUT_PATH = ['tcp', 'tls', 'udp', 'grpc', 'grpcs']

/** Kong says this once for the field that must go and once for the entity. */
const CONDITION = "failed conditional validation given value of field 'protocol'"

function onlyFor(field: string, allowed: (protocol: string) => boolean): EntityCheck {
  return {
    name: `conditional ${field}`,
    fields: ['protocol', field],
    check: (record) => {
      return !isFilled(record[field]) || allowed(String(record['protocol'])) ? null : CONDITION
    },
    blames: [field, 'value must be null'],
  }
}

const withTls = (protocol: string): boolean => WITH_TLS.includes(protocol)

/** HTTP/2 is agreed on in a handshake, or spoken at once where there is none; gRPC has it without being asked. */
const http2Fits: EntityCheck = {
  name: 'conditional http2',
  fields: ['protocol', 'http2'],
  check: ({ protocol, http2 }) => {
    if (!isFilled(http2)) return null
    const needed = http2 === 'negotiate' ? 'https' : 'http'
    return protocol === needed ? null : `'http2: ${String(http2)}' needs protocol ${needed}`
  },
}

export const services: EntityDefinition = {
  name: 'services',
  referenceKey: 'name',
  idFields: ['name'],
  unique: [['name']],
  prepare: expandUrl,
  schema: entityRecord(
    {
      name: uniqueName,
      retries: s.integer({ default: 5, between: [0, 32767] }),
      protocol: s.string({ required: true, default: 'http', one_of: PROTOCOLS }),
      host: s.string({ required: true, custom: onText(serviceHostRule) }),
      port: { ...port, required: true, default: 80 },
      path: s.string({ custom: onText(pathRule) }),
      connect_timeout: timeout,
      write_timeout: timeout,
      read_timeout: timeout,
      client_certificate: s.foreign('certificates'),
      tls_verify: s.boolean(),
      tls_verify_depth: s.integer({ between: [0, 64] }),
      ca_certificates: s.array(uuid),
      enabled: s.boolean({ required: true, default: true }),
      retry_policy: retryPolicy,
      http2: s.string({ one_of: ['negotiate', 'prior_knowledge'] }),
    },
    {
      entity_checks: [
        onlyFor('path', (protocol) => !WITHOUT_PATH.includes(protocol)),
        onlyFor('client_certificate', withTls),
        onlyFor('tls_verify', withTls),
        onlyFor('tls_verify_depth', withTls),
        onlyFor('ca_certificates', withTls),
        http2Fits,
      ],
    },
  ),
}

const URL_PARTS = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(?:[^@/?#]*@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d*))?([^?#]*)/

/** `url` sets protocol, host, port and path, as if they had been written. */
function expandUrl(raw: RawRecord, say: Say): void {
  if (!Object.hasOwn(raw, 'url')) return
  const url: Value = raw['url'] ?? null
  delete raw['url']
  if (url === null) return
  if (typeof url !== 'string') return complain(raw, say, 'expected a string')
  const parts = URL_PARTS.exec(url)
  if (parts === null || parts[2] === '') return complain(raw, say, 'missing host in url')
  const protocol = parts[1]!.toLowerCase()
  raw['protocol'] = protocol
  raw['host'] = parts[2]!
  raw['port'] = parts[3] ? Number(parts[3]) : protocol === 'https' ? 443 : 80
  if (parts[4] !== '') raw['path'] = parts[4]!
}

/** A host is put in its place, for a missing one would be complained about as well. */
function complain(raw: RawRecord, say: Say, message: string): void {
  say(message, 'url')
  raw['host'] ??= 'invalid'
}

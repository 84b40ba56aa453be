/** root-attributes — what is told of an exchange as a whole: Kong's names, and below `sluice.` what Kong does not tell. */
import type { LoggedTimers, LogRecord } from '../../contract/machine/log-sinks.ts'
import type { Attributes } from './span.ts'
import type { SpanNames } from './span-names.ts'

/** A Uri or an agent's name may be as long as a head; a collector may drop what is too long, with all that is beside. */
const TEXT_MAX = 4096

const TIMERS: readonly (keyof LoggedTimers)[] = [
  'request',
  'wait',
  'connect',
  'response',
  'receive',
  'gateway',
]

export function rootAttributes(record: LogRecord, names: SpanNames): Attributes {
  const attributes: Attributes = {
    'http.method': record.method,
    'http.url': `${record.scheme}://${record.host}${record.uri}`.slice(0, TEXT_MAX),
    'http.host': record.host,
    'http.scheme': record.scheme,
    'http.flavor': record.httpVersion,
    'http.client_ip': record.clientIp,
    'net.peer.ip': record.clientIp,
    'kong.request.id': record.requestId,
    'http.status_code': record.status,
    'http.route': names.routePath,
  }
  if (record.httpVersion === '2') attributes['http.flavor'] = '2.0'
  put(attributes, 'sluice.route', names.route)
  put(attributes, 'sluice.service', names.service)
  put(attributes, 'sluice.consumer', names.consumer)
  if (record.fault !== 'NONE') {
    attributes['sluice.fault'] = record.fault
    put(attributes, 'sluice.blame', record.blame)
    put(attributes, 'sluice.detail', record.detail)
  }
  for (const name of TIMERS) putTime(attributes, `sluice.time.${name}`, record.timers[name])
  return attributes
}

function put(attributes: Attributes, name: string, value: string): void {
  if (value !== '') attributes[name] = value.slice(0, TEXT_MAX)
}

/** Whole microseconds as milliseconds; what was not reached has none. */
function putTime(attributes: Attributes, name: string, ms: number): void {
  if (ms >= 0) attributes[name] = Math.round(ms * 1000) / 1000
}

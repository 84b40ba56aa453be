/** nginx-names — the variables of PROXY_ACCESS_LOG_FORMAT in nginx's style, `$name`, and our own among them. */
import { faults } from '../../base/faults.ts'
import {
  TIMER_CONNECT,
  TIMER_GATEWAY,
  TIMER_RECEIVE,
  TIMER_REQUEST,
  TIMER_RESPONSE,
  TIMER_TOTAL,
  TIMER_WAIT,
} from '../../contract/record/timers.ts'
import type { LineFacts, Piece } from './pieces/piece.ts'
import {
  Either,
  FieldPiece,
  HOST,
  LinePart,
  METHOD,
  NORMAL_PATH,
  QUERY,
  REQUEST_LINE,
  TARGET,
  Version,
} from './pieces/request-pieces.ts'
import {
  ADDRESS,
  CONNECT_TIME,
  EachTry,
  HEADER_TIME,
  LastTarget,
  RESPONSE_TIME,
  STATUS,
} from './pieces/target-pieces.ts'
import { ConstantPiece, CountPiece, HexPiece, RequestIdPiece, TextPiece } from './pieces/text-pieces.ts'
import { StartTime, TimeOfLine, TimerPiece } from './pieces/time-pieces.ts'
import * as values from './pieces/values.ts'

type Make = (facts: LineFacts) => Piece

const timer =
  (which: number, unit: 'ms' | 's' = 'ms'): Make =>
  (facts) =>
    new TimerPiece(facts, which, unit)
const requestId: Make = () => new RequestIdPiece()

export const nginxNames: Readonly<Record<string, Make>> = {
  remote_addr: () => new TextPiece(values.clientAddress),
  realip_remote_addr: () => new TextPiece(values.peerAddress),
  remote_port: () => new CountPiece((x) => (x.client === null ? -1 : x.client.peerPort)),
  remote_user: () => new TextPiece(values.userName),
  server_addr: () => new TextPiece((x) => (x.client === null ? '' : x.client.localAddress)),
  server_port: () => new CountPiece((x) => (x.client === null ? -1 : x.client.localPort)),
  hostname: (facts) => new ConstantPiece(facts.hostname),
  connection: () => new CountPiece((x) => (x.client === null ? -1 : x.client.connectionId)),
  connection_requests: () => new CountPiece((x) => (x.client === null ? -1 : x.client.requestsOnConnection)),

  request: () => new LinePart(REQUEST_LINE),
  request_method: () => new LinePart(METHOD),
  request_uri: () => new LinePart(TARGET),
  uri: () => new LinePart(NORMAL_PATH),
  document_uri: () => new LinePart(NORMAL_PATH),
  args: () => new LinePart(QUERY),
  query_string: () => new LinePart(QUERY),
  is_args: () => new TextPiece((x) => (x.request.targetEnd > x.request.pathEnd + 1 ? '?' : '')),
  host: () => new LinePart(HOST),
  scheme: () => new TextPiece((x) => (x.client === null ? '' : x.client.scheme)),
  https: () => new TextPiece((x) => (x.client?.scheme === 'https' ? 'on' : '')),
  server_protocol: () => new Version('nginx'),
  request_length: () => new CountPiece((x) => x.request.used + x.requestBytes),
  content_type: () => new FieldPiece('request', 'content-type'),
  content_length: () => new FieldPiece('request', 'content-length'),
  request_id: requestId,
  kong_request_id: requestId,
  ssl_protocol: () => new TextPiece((x) => x.client?.tls?.protocol ?? ''),
  ssl_cipher: () => new TextPiece((x) => x.client?.tls?.cipher ?? ''),
  ssl_server_name: () => new TextPiece((x) => x.client?.sni ?? ''),

  status: () => new CountPiece((x) => x.status),
  body_bytes_sent: () => new CountPiece((x) => x.responseBytes),
  bytes_sent: () => new CountPiece((x) => x.responseHeadBytes + x.responseBytes),
  request_completion: () => new TextPiece((x) => (x.fault === faults.NONE ? 'OK' : '')),
  // The gateway neither compresses nor keeps answers: what nginx then has here is nothing.
  gzip_ratio: () => new ConstantPiece(''),
  upstream_cache_status: () => new ConstantPiece(''),
  grpc_status: () =>
    new Either(new FieldPiece('trailers', 'grpc-status'), new FieldPiece('response', 'grpc-status')),

  time_local: (facts) => new TimeOfLine(facts, 'common'),
  time_iso8601: (facts) => new TimeOfLine(facts, 'iso'),
  msec: (facts) => new TimeOfLine(facts, 'unix'),
  start_time: (facts) => new StartTime(facts),
  request_time: timer(TIMER_TOTAL, 's'),

  upstream_addr: () => new EachTry(ADDRESS),
  upstream_status: () => new EachTry(STATUS),
  upstream_connect_time: () => new EachTry(CONNECT_TIME),
  upstream_header_time: () => new EachTry(HEADER_TIME),
  upstream_response_time: () => new EachTry(RESPONSE_TIME),

  fault: () => new TextPiece(values.faultCode),
  blame: () => new TextPiece(values.blame),
  detail: () => new TextPiece((x) => x.detail),
  route: () => new TextPiece(values.routeName),
  service: () => new TextPiece(values.serviceName),
  consumer: () => new TextPiece(values.consumerName),
  credential: () => new TextPiece((x) => x.credentialId),
  target: () => new LastTarget('address'),
  tries: () => new CountPiece((x) => x.tries.all),
  trace_id: () => new HexPiece((x) => (x.trace === null ? null : x.trace.traceId)),
  tq: timer(TIMER_REQUEST),
  tg: timer(TIMER_GATEWAY),
  tw: timer(TIMER_WAIT),
  tc: timer(TIMER_CONNECT),
  tr: timer(TIMER_RESPONSE),
  td: timer(TIMER_RECEIVE),
  ta: timer(TIMER_TOTAL),
}

/** Names that go on with a field's: `$http_user_agent`. */
const PREFIXES: readonly (readonly [prefix: string, make: (field: string) => Piece])[] = [
  ['http_', (field) => new FieldPiece('request', field)],
  ['sent_http_', (field) => new FieldPiece('response', field)],
  ['sent_trailer_', (field) => new FieldPiece('trailers', field)],
]

/** Null: there is no such variable. */
export function nginxPiece(name: string, facts: LineFacts): Piece | null {
  if (Object.hasOwn(nginxNames, name)) return nginxNames[name]!(facts)
  for (const [prefix, make] of PREFIXES)
    if (name.startsWith(prefix) && name.length > prefix.length)
      return make(name.slice(prefix.length).replaceAll('_', '-').toLowerCase())
  return null
}

export function nginxList(): string {
  const prefixes = PREFIXES.map(([prefix]) => `${prefix}NAME`)
  return [...Object.keys(nginxNames), ...prefixes].map((name) => `$${name}`).join(' ')
}

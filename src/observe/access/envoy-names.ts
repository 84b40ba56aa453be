/** envoy-names — the operators of PROXY_ACCESS_LOG_FORMAT in Envoy's style: `%REQ(X-A?Y):10%`. */
import { TIMER_RECEIVE, TIMER_RESPONSE, TIMER_TOTAL } from '../../contract/record/timers.ts'
import { longResponseFlags, responseDetails, responseFlags } from './envoy-flags.ts'
import { nginxNames } from './nginx-names.ts'
import type { LineFacts, Piece } from './pieces/piece.ts'
import { Either, FieldPiece, HOST, LinePart, METHOD, PATH, TARGET, Version } from './pieces/request-pieces.ts'
import { LastTarget } from './pieces/target-pieces.ts'
import { ConstantPiece, CountPiece, TextPiece } from './pieces/text-pieces.ts'
import { StartTime, TimeOfLine, TimerPiece } from './pieces/time-pieces.ts'
import * as values from './pieces/values.ts'

type Make = (facts: LineFacts) => Piece

const nginxs = (name: string): Make => nginxNames[name]!

const plain: Readonly<Record<string, Make>> = {
  START_TIME: (facts) => new StartTime(facts),
  EMIT_TIME: (facts) => new TimeOfLine(facts, 'iso'),
  PROTOCOL: () => new Version('envoy'),
  RESPONSE_CODE: () => new CountPiece((x) => x.status),
  RESPONSE_CODE_DETAILS: () => new TextPiece(responseDetails),
  RESPONSE_FLAGS: () => new TextPiece(responseFlags),
  RESPONSE_FLAGS_LONG: () => new TextPiece(longResponseFlags),
  BYTES_RECEIVED: () => new CountPiece((x) => x.requestBytes),
  BYTES_SENT: () => new CountPiece((x) => x.responseBytes),
  DURATION: (facts) => new TimerPiece(facts, TIMER_TOTAL, 'ms'),
  REQUEST_DURATION: () => new CountPiece(values.untilRequest),
  RESPONSE_DURATION: () => new CountPiece(values.untilHead),
  RESPONSE_TX_DURATION: (facts) => new TimerPiece(facts, TIMER_RECEIVE, 'ms'),
  UPSTREAM_CONNECTION_POOL_READY_DURATION: () => new CountPiece(values.untilConnected),
  UPSTREAM_HOST: () => new LastTarget('address'),
  UPSTREAM_HOST_NAME: () => new LastTarget('name'),
  UPSTREAM_REMOTE_ADDRESS: () => new LastTarget('address'),
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: () => new LastTarget('ip'),
  UPSTREAM_CLUSTER: () => new TextPiece(values.serviceName),
  UPSTREAM_CLUSTER_RAW: () => new TextPiece(values.serviceName),
  // In Istio's format. Nobody keeps our own end of a connection to a target, and why one ended is our detail.
  UPSTREAM_LOCAL_ADDRESS: () => new ConstantPiece(''),
  CONNECTION_TERMINATION_DETAILS: () => new TextPiece((x) => (x.fault.closes && !x.proxied ? x.detail : '')),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: () => new CountPiece((x) => x.tries.all),
  UPSTREAM_TRANSPORT_FAILURE_REASON: () =>
    new TextPiece((x) => (x.fault.blame === 'upstream' ? x.detail : '')),
  ROUTE_NAME: () => new TextPiece(values.routeName),
  DOWNSTREAM_REMOTE_ADDRESS: () => new TextPiece(values.clientAddress),
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: () => new TextPiece(values.clientAddress),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: () => new TextPiece(values.peerAddress),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: () => new TextPiece(values.peerAddress),
  DOWNSTREAM_REMOTE_PORT: nginxs('remote_port'),
  DOWNSTREAM_LOCAL_ADDRESS: nginxs('server_addr'),
  DOWNSTREAM_LOCAL_PORT: nginxs('server_port'),
  DOWNSTREAM_TLS_VERSION: nginxs('ssl_protocol'),
  DOWNSTREAM_TLS_CIPHER: nginxs('ssl_cipher'),
  REQUESTED_SERVER_NAME: nginxs('ssl_server_name'),
  CONNECTION_ID: nginxs('connection'),
  STREAM_ID: nginxs('request_id'),
  GRPC_STATUS: nginxs('grpc_status'),
  GRPC_STATUS_NUMBER: nginxs('grpc_status'),
  TRACE_ID: nginxs('trace_id'),
  HOSTNAME: nginxs('hostname'),
}

const PSEUDO: Readonly<Record<string, number>> = {
  ':method': METHOD,
  ':path': TARGET,
  ':authority': HOST,
}

type MakeWith = (argument: string, facts: LineFacts, most: number) => Piece | null

const withArgument: Readonly<Record<string, MakeWith>> = {
  REQ: requestField,
  REQUEST_HEADER: requestField,
  RESP: responseField,
  RESPONSE_HEADER: responseField,
  TRAILER: trailer,
  RESPONSE_TRAILER: trailer,
  PATH: path,
}

/** `argument`: null where there are no brackets. A text: what is wrong; null: there is no such operator. */
export function envoyPiece(
  name: string,
  argument: string | null,
  { facts, most }: { readonly facts: LineFacts; readonly most: number },
): Piece | string | null {
  if (Object.hasOwn(withArgument, name)) {
    const piece = argument === null ? null : withArgument[name]!(argument, facts, most)
    return (
      piece ??
      (argument === null ? `%${name}% wants brackets: %${name}(…)%` : `%${name}(${argument})% is not known`)
    )
  }
  if (!Object.hasOwn(plain, name)) return null
  if (argument !== null && !(name === 'GRPC_STATUS' && argument === 'NUMBER'))
    return `%${name}% takes no brackets here`
  return plain[name]!(facts)
}

export function envoyList(): string {
  const names = [...Object.keys(plain), ...Object.keys(withArgument).map((name) => `${name}(…)`)]
  return names.map((name) => `%${name}%`).join(' ')
}

/** X?Y: X, or where there is none Y. */
function either(argument: string, make: (name: string) => Piece): Piece | null {
  const names = argument.split('?').map((name) => name.trim().toLowerCase())
  if (names.length > 2 || names.some((name) => !/^:?[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name))) return null
  const [first, second] = names.map(make)
  return second === undefined ? first! : new Either(first!, second)
}

function requestField(argument: string, _facts: LineFacts, most: number): Piece | null {
  return either(argument, (name) => {
    if (name === ':scheme') return new TextPiece((x) => (x.client === null ? '' : x.client.scheme))
    const part = PSEUDO[name]
    return part === undefined ? new FieldPiece('request', name, '', most) : new LinePart(part, most)
  })
}

function responseField(argument: string, facts: LineFacts, most: number): Piece | null {
  return either(argument, (name) => {
    if (name === ':status') return new CountPiece((x) => x.status)
    const field = new FieldPiece('response', name, '', most)
    // Envoy adds this field itself, and its own default format asks for it.
    if (name !== 'x-envoy-upstream-service-time') return field
    return new Either(field, new TimerPiece(facts, TIMER_RESPONSE, 'ms'))
  })
}

function trailer(argument: string, _facts: LineFacts, most: number): Piece | null {
  return either(argument, (name) => new FieldPiece('trailers', name, '', most))
}

/** WQ: with the query, NQ: without it. */
function path(argument: string, _facts: LineFacts, most: number): Piece | null {
  if (argument === 'WQ') return new LinePart(TARGET, most)
  if (argument === 'NQ') return new LinePart(PATH, most)
  return null
}

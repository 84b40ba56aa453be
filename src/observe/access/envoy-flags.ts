/** envoy-flags — what our faults are called in Envoy's %RESPONSE_FLAGS% and %RESPONSE_CODE_DETAILS%. */
import { type FaultCode, faultList, faults } from '../../base/faults.ts'
import type { Exchange } from '../../contract/exchange.ts'

/** Short and long flag, and the details where Envoy has other words for them than our code in lower case. */
const words: Partial<Record<FaultCode, readonly [short: string, long: string, details?: string]>> = {
  ROUTE_NOT_FOUND: ['NR', 'NoRouteFound', 'route_not_found'],
  SERVICE_NOT_FOUND: ['NC', 'NoClusterFound', 'cluster_not_found'],
  REQUEST_MALFORMED: ['DPE', 'DownstreamProtocolError', 'http1.codec_error'],
  REQUEST_HEAD_TOO_LARGE: ['DPE', 'DownstreamProtocolError', 'http1.headers_too_large'],
  REQUEST_URI_TOO_LONG: ['DPE', 'DownstreamProtocolError'],
  VERSION_UNSUPPORTED: ['DPE', 'DownstreamProtocolError', 'low_version'],
  REQUEST_BODY_TOO_LARGE: ['-', '-', 'request_payload_too_large'],
  REQUEST_SIZE_EXCEEDED: ['-', '-', 'request_payload_too_large'],
  REQUEST_TIMEOUT: ['SI', 'StreamIdleTimeout', 'stream_idle_timeout'],
  TUNNEL_IDLE: ['SI', 'StreamIdleTimeout', 'stream_idle_timeout'],
  TARGET_NONE: ['UH', 'NoHealthyUpstream', 'no_healthy_upstream'],
  NAME_UNRESOLVED: ['DF', 'DnsResolutionFailed'],
  TARGET_QUEUE_FULL: ['UO', 'UpstreamOverflow', 'overload'],
  CIRCUIT_OPEN: ['UO', 'UpstreamOverflow', 'overload'],
  UPSTREAM_OVERFLOW: ['UO', 'UpstreamOverflow', 'overload'],
  TARGET_CONNECT: ['UF', 'UpstreamConnectionFailure', beforeResponse('connection_failure')],
  TARGET_CONNECT_TIMEOUT: ['UF', 'UpstreamConnectionFailure', beforeResponse('connection_timeout')],
  TARGET_TLS: ['UF', 'UpstreamConnectionFailure', beforeResponse('connection_failure,TLS')],
  TARGET_RESET: ['UC', 'UpstreamConnectionTermination', beforeResponse('connection_termination')],
  TARGET_REFUSED: ['UR', 'UpstreamRemoteReset', beforeResponse('remote_refused_stream_reset')],
  TARGET_INVALID: ['UPE', 'UpstreamProtocolError', beforeResponse('protocol_error')],
  RESPONSE_BODY_TOO_LARGE: ['-', '-', 'response_payload_too_large'],
  TARGET_WRITE_TIMEOUT: ['UT', 'UpstreamRequestTimeout', 'upstream_response_timeout'],
  TARGET_READ_TIMEOUT: ['UT', 'UpstreamRequestTimeout', 'upstream_response_timeout'],
  TARGET_TRY_TIMEOUT: ['UT', 'UpstreamRequestTimeout', 'upstream_per_try_timeout'],
  DEADLINE_EXCEEDED: ['UT', 'UpstreamRequestTimeout', 'request_overall_timeout'],
  CLIENT_GONE: ['DC', 'DownstreamConnectionTermination', 'downstream_remote_disconnect'],
  CLIENT_STALLED: ['DC', 'DownstreamConnectionTermination', 'downstream_local_disconnect'],
  LIMIT_EXCEEDED: ['RL', 'RateLimited', 'request_rate_limited'],
  LIMITER_UNAVAILABLE: ['RLSE', 'RateLimitServiceError', 'rate_limiter_error'],
  UNAUTHORIZED: ['UAEX', 'UnauthorizedExternalService', 'ext_authz_denied'],
  FORBIDDEN: ['UAEX', 'UnauthorizedExternalService', 'ext_authz_denied'],
  FAULT_INJECTED: ['FI', 'FaultInjected', 'fault_filter_abort'],
}

function beforeResponse(reason: string): string {
  return `upstream_reset_before_response_started{${reason}}`
}

const short = faultList.map(({ code }) => words[code as FaultCode]?.[0] ?? '-')
const long = faultList.map(({ code }) => words[code as FaultCode]?.[1] ?? '-')
const details = faultList.map(({ code }) => words[code as FaultCode]?.[2] ?? code.toLowerCase())
const afterLast = (flags: readonly string[], more: string) =>
  flags.map((flag, id) => (faultList[id]!.retry === 'never' || flag === '-' ? flag : `${flag},${more}`))
const shortAtLast = afterLast(short, 'URX')
const longAtLast = afterLast(long, 'UpstreamRetryLimitExceeded')

/** With URX behind it where there had been other tries before. */
export function responseFlags(x: Exchange): string {
  return (x.tries.all > 1 ? shortAtLast : short)[x.fault.id]!
}

export function longResponseFlags(x: Exchange): string {
  return (x.tries.all > 1 ? longAtLast : long)[x.fault.id]!
}

export function responseDetails(x: Exchange): string {
  if (x.fault !== faults.NONE) return details[x.fault.id]!
  return x.proxied ? 'via_upstream' : 'direct_response'
}

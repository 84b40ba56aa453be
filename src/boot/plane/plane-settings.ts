/** What the stages of a worker need of the environment, in their own terms. */
import { CidrSet } from '../../base/cidr.ts'
import type { Environment } from '../../config/env/env.ts'
import type { ListenerLimits } from '../../contract/listener.ts'
import type { AdmitSettings } from '../../flow/listener/admit-settings.ts'
import type { ResponseSettings } from '../../flow/response/response.ts'
import type { PoolLimits } from '../../flow/transport/pool.ts'
import type { ForwardSettings } from '../../flow/transport/request-head.ts'

export function admitSettings(environment: Environment): AdmitSettings {
  return {
    trusted: new CidrSet(environment.trustedIps),
    realIpHeader: environment.realIpHeader.toLowerCase(),
    realIpRecursive: environment.realIpRecursive,
  }
}

export function forwardSettings(environment: Environment, product: string): ForwardSettings {
  return {
    product,
    requestIdUpstream: environment.headersUpstream.includes('x-kong-request-id'),
    portMaps: new Map(environment.portMaps),
  }
}

export function listenerLimits(environment: Environment): ListenerLimits {
  return {
    headBytesMax: environment.largeClientHeaderBytes,
    targetBytesMax: Math.min(environment.largeClientHeaderBytes, 8 * 1024),
    fieldsMax: 200,
    bodyBytesMax: environment.clientMaxBodySize,
    headerTimeoutMs: environment.clientHeaderTimeoutMs,
    bodyTimeoutMs: environment.clientBodyTimeoutMs,
    bodyRateMin: environment.clientBodyRateMin,
    sendTimeoutMs: environment.sendTimeoutMs,
    keepAliveTimeoutMs: environment.keepaliveTimeoutMs,
    keepAliveRequestsMax: environment.keepaliveRequests,
    connectionsMax: environment.connectionsMax,
  }
}

export function poolLimits(environment: Environment): PoolLimits {
  return {
    connectionsMax: environment.upstreamConnectionsMax || Number.MAX_SAFE_INTEGER,
    queueMax: environment.upstreamQueueMax,
    idleMax: environment.upstreamKeepalivePoolSize,
    idleTimeoutMs: environment.upstreamKeepaliveIdleTimeoutMs,
    requestsMax: environment.upstreamKeepaliveMaxRequests || Number.MAX_SAFE_INTEGER,
  }
}

export function responseSettings(environment: Environment, product: string): ResponseSettings {
  const tokens = new Set(environment.headers)
  const latency = tokens.has('latency_tokens')
  const server = tokens.has('server_tokens')
  return {
    product,
    errorDefaultType: environment.errorDefaultType,
    serverToken: server || tokens.has('server'),
    viaToken: server || tokens.has('via'),
    proxyLatency: latency || tokens.has('x-kong-proxy-latency'),
    upstreamLatency: latency || tokens.has('x-kong-upstream-latency'),
    responseLatency: latency || tokens.has('x-kong-response-latency'),
    requestId: tokens.has('x-kong-request-id'),
    upstreamStatus: tokens.has('x-kong-upstream-status'),
    allowsDebug: environment.allowDebugHeader,
  }
}

/** make-probe — the probe an upstream's active checks ask for. */
import type { UpstreamEntity } from '../../config/model.ts'
import { makeGrpcProbe, SERVICE_MAX } from './probe/grpc-probe.ts'
import type { HttpProbeOptions } from './probe/http-probe.ts'
import { type Probe, timeoutMs } from './probe/probe.ts'
import { type ProbeTools, probeTls } from './probe/probe-tls.ts'
import { makeTcpProbe } from './probe/tcp-probe.ts'

export function hasActiveChecks({ healthchecks: { active } }: UpstreamEntity): boolean {
  return active.healthy.interval > 0 || active.unhealthy.interval > 0
}

export function makeProbe(upstream: UpstreamEntity, tools: ProbeTools): Probe {
  const { active } = upstream.healthchecks
  const limitMs = timeoutMs(active.timeout)
  if (active.type === 'tcp') return makeTcpProbe(limitMs)
  const shared = {
    isTls: active.type === 'https' || active.type === 'grpcs',
    limitMs,
    hostHeader: upstream.host_header,
    sni: active.https_sni,
    verify: active.https_verify_certificate,
    ...probeTls(upstream, tools),
  }
  if (active.type === 'grpc' || active.type === 'grpcs')
    return makeGrpcProbe({ ...shared, service: active.http_path.slice(1, 1 + SERVICE_MAX) })
  return loadedLate({ ...shared, path: active.http_path, headers: active.headers ?? {} })
}

/** With the first probe: the HTTP client takes 200 ms to load, which a start should not wait for. */
function loadedLate(options: HttpProbeOptions): Probe {
  let loading: Promise<Probe> | null = null
  return (place) => {
    loading ??= import('./probe/http-probe.ts').then(({ makeHttpProbe }) => makeHttpProbe(options))
    return loading.then((probe) => probe(place))
  }
}

/** make-probe — the probe an upstream's active checks ask for. */
import type { UpstreamEntity } from '../../config/model.ts'
import type { HttpProbeOptions } from './probe/http-probe.ts'
import { type Probe, timeoutMs } from './probe/probe.ts'
import { type ProbeTools, probeTls } from './probe/probe-tls.ts'
import { makeTcpProbe } from './probe/tcp-probe.ts'

export function hasActiveChecks({ healthchecks: { active } }: UpstreamEntity): boolean {
  return active.healthy.interval > 0 || active.unhealthy.interval > 0
}

/** Types whose own protocol is not spoken yet; they are asked for a connection. */
export function isGrpc({ healthchecks: { active } }: UpstreamEntity): boolean {
  return active.type === 'grpc' || active.type === 'grpcs'
}

export function makeProbe(upstream: UpstreamEntity, tools: ProbeTools): Probe {
  const { active } = upstream.healthchecks
  const limitMs = timeoutMs(active.timeout)
  if (!isHttp(upstream)) return makeTcpProbe(limitMs)
  return loadedLate({
    isTls: active.type === 'https',
    path: active.http_path,
    limitMs,
    hostHeader: upstream.host_header,
    headers: active.headers ?? {},
    sni: active.https_sni,
    verify: active.https_verify_certificate,
    ...probeTls(upstream, tools),
  })
}

/** With the first probe: the HTTP client takes 200 ms to load, which a start should not wait for. */
function loadedLate(options: HttpProbeOptions): Probe {
  let loading: Promise<Probe> | null = null
  return (place) => {
    loading ??= import('./probe/http-probe.ts').then(({ makeHttpProbe }) => makeHttpProbe(options))
    return loading.then((probe) => probe(place))
  }
}

function isHttp({ healthchecks: { active } }: UpstreamEntity): boolean {
  return active.type === 'http' || active.type === 'https'
}

/** make-probe — the probe an upstream's active checks ask for. */
import type { CertificateEntity, UpstreamEntity } from '../../config/model.ts'
import { type Probe, timeoutMs } from './probe/probe.ts'
import { makeTcpProbe } from './probe/tcp-probe.ts'

export type ProbeMaker = (upstream: UpstreamEntity, certificates: readonly CertificateEntity[]) => Probe

export function hasActiveChecks({ healthchecks: { active } }: UpstreamEntity): boolean {
  return active.healthy.interval > 0 || active.unhealthy.interval > 0
}

/** Types whose own protocol is not spoken yet; they are asked for a connection. */
export function isGrpc({ healthchecks: { active } }: UpstreamEntity): boolean {
  return active.type === 'grpc' || active.type === 'grpcs'
}

/** Loads the HTTP client only where it is needed: it takes longer to load than the gateway to start. */
export async function loadProbeMaker(upstreams: readonly UpstreamEntity[]): Promise<ProbeMaker> {
  const isNeeded = upstreams.some((upstream) => hasActiveChecks(upstream) && isHttp(upstream))
  const http = isNeeded ? (await import('./probe/http-probe.ts')).makeHttpProbe : null
  return (upstream, certificates) => {
    const { active } = upstream.healthchecks
    const limitMs = timeoutMs(active.timeout)
    if (http === null || !isHttp(upstream)) return makeTcpProbe(limitMs)
    return http({
      isTls: active.type === 'https',
      path: active.http_path,
      limitMs,
      hostHeader: upstream.host_header,
      headers: active.headers ?? {},
      sni: active.https_sni,
      verify: active.https_verify_certificate,
      certificate: certificates.find(({ id }) => id === upstream.client_certificate) ?? null,
    })
  }
}

function isHttp({ healthchecks: { active } }: UpstreamEntity): boolean {
  return active.type === 'http' || active.type === 'https'
}

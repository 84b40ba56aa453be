/**
 * probe-tls — whom the probes of an upstream trust and what they show: the same as the traffic of the services that
 * use it.
 *
 * Probes are an upstream's, while most of TLS is said by services. Where services of one upstream disagree, an address
 * is believed that any of them would believe, and the first one's client certificate is shown.
 */
import type { Config, ServiceEntity, UpstreamEntity } from '../../../config/model.ts'
import type { KeyPair } from '../../../contract/tls.ts'

export interface ProbeTools {
  readonly config: Pick<Config, 'services' | 'certificates' | 'ca_certificates'>
  /** PEM; empty: those that Node trusts. */
  readonly trusted: readonly string[]
  /** Shown where neither a service nor the upstream names one. */
  readonly certificate: KeyPair | null
}

export interface ProbeTls {
  readonly trusted: readonly string[]
  readonly certificate: KeyPair | null
}

export function probeTls(upstream: UpstreamEntity, tools: ProbeTools): ProbeTls {
  const services = tools.config.services.filter(({ host }) => host === upstream.name)
  return { trusted: trustedBy(services, tools), certificate: shownBy(services, upstream, tools) }
}

function trustedBy(services: readonly ServiceEntity[], { config, trusted }: ProbeTools): readonly string[] {
  const ids = new Set(services.flatMap((service) => service.ca_certificates ?? []))
  const own = config.ca_certificates.filter(({ id }) => ids.has(id)).map(({ cert }) => cert)
  return own.length === 0 ? trusted : [...own, ...trusted]
}

function shownBy(
  services: readonly ServiceEntity[],
  upstream: UpstreamEntity,
  { config, certificate }: ProbeTools,
): KeyPair | null {
  const ids = [...services.map((service) => service.client_certificate), upstream.client_certificate]
  const shown = ids.find((id) => id !== null)
  return config.certificates.find(({ id }) => id === shown) ?? certificate
}

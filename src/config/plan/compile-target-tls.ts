/** compile-target-tls — what a service and its upstream say about TLS to their targets, with certificates in place of ids. */
import type { Address, ServiceTls, TargetTlsDefaults } from '../../contract/target.ts'
import type { KeyPair } from '../../contract/tls.ts'
import { isTls } from '../../flow/balancer/host-port.ts'
import type { Config, ServiceEntity, UpstreamEntity } from '../model.ts'

/** nginx's own, which Kong leaves as it is. */
const AS_KONG: TargetTlsDefaults = { verifyDepth: 1, certificate: null }

type Entities = Pick<Config, 'certificates' | 'ca_certificates'>

export class TargetTlsCompiler {
  /** One object a certificate, so that whoever keeps something for it keeps it once. */
  readonly #certificates: ReadonlyMap<string, KeyPair>
  readonly #authorities: ReadonlyMap<string, string>
  readonly #defaults: TargetTlsDefaults

  constructor(config: Entities, defaults: TargetTlsDefaults = AS_KONG) {
    this.#certificates = new Map(config.certificates.map(({ id, cert, key }) => [id, { cert, key }]))
    this.#authorities = new Map(config.ca_certificates.map(({ id, cert }) => [id.toLowerCase(), cert]))
    this.#defaults = defaults
  }

  /** Null: the service speaks in the clear. */
  compile(service: ServiceEntity, upstream: UpstreamEntity | null): ServiceTls | null {
    if (!isTls(service.protocol)) return null
    return {
      // Absent means off, as it does in Kong.
      verify: service.tls_verify === true,
      verifyDepth: service.tls_verify_depth ?? this.#defaults.verifyDepth,
      trusted: this.#trusted(service.ca_certificates),
      certificate:
        this.certificate(service.client_certificate) ??
        this.certificate(upstream?.client_certificate ?? null) ??
        this.#defaults.certificate,
    }
  }

  certificate(id: string | null): KeyPair | null {
    return id === null ? null : (this.#certificates.get(id) ?? null)
  }

  #trusted(ids: readonly string[] | null): string | null {
    if (ids === null || ids.length === 0) return null
    // The loader has refused ids that are nobody's; none left would otherwise mean that everybody is trusted.
    return ids.map((id) => this.#authorities.get(id.toLowerCase()) ?? '').join('\n')
  }
}

/** What is spoken to the targets of a service. */
export function httpOf({ protocol, http2 }: ServiceEntity): Address['http'] {
  // gRPC is nothing without HTTP/2: over TLS it is all that is offered.
  if (protocol === 'grpc' || protocol === 'grpcs' || http2 === 'prior_knowledge') return 'h2'
  return http2 === 'negotiate' ? 'alpn' : 'http/1.1'
}

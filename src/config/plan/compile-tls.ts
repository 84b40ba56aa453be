/** compile-tls — a configuration's certificates as its listeners serve them. */
import type { AnyPlugin } from '../../contract/plugin.ts'
import type { KeyPair, ServerCertificate, ServerTls, TlsPolicy } from '../../contract/tls.ts'
import type { CertificateEntity, Config } from '../model.ts'

/** What no configuration changes. */
export interface TlsDefaults {
  /** Serves names that no SNI has. */
  readonly pairs: readonly KeyPair[]
  readonly policy: TlsPolicy
  /** 48 bytes. */
  readonly ticketKeys: Uint8Array
}

export type TlsParts = Pick<Config, 'certificates' | 'snis' | 'plugins'>

export function compileTls(
  config: TlsParts,
  plugins: ReadonlyMap<string, Pick<AnyPlugin, 'asksForCertificates'>>,
  defaults: TlsDefaults,
): ServerTls {
  const byId = new Map(config.certificates.map((entity) => [entity.id, certificateOf(entity)]))
  const snis = new Map<string, ServerCertificate>()
  for (const sni of config.snis) {
    const certificate = byId.get(sni.certificate)
    // The loader resolves every reference.
    if (certificate !== undefined) snis.set(plainName(sni.name), certificate)
  }
  return {
    snis,
    fallback: { id: '', pairs: defaults.pairs },
    asksForCertificates: config.plugins.some(
      (entity) => entity.enabled && plugins.get(entity.name)?.asksForCertificates === true,
    ),
    ticketKeys: defaults.ticketKeys,
    policy: defaults.policy,
  }
}

function certificateOf(entity: CertificateEntity): ServerCertificate {
  const { id, cert, key, cert_alt, key_alt } = entity
  const pairs: KeyPair[] = [{ cert, key }]
  if (cert_alt !== null && key_alt !== null) pairs.push({ cert: cert_alt, key: key_alt })
  return { id, pairs }
}

/** Names are compared as clients send them: in lower case, without the dot that ends a full name. */
function plainName(name: string): string {
  const lower = name.toLowerCase()
  return lower.endsWith('.') ? lower.slice(0, -1) : lower
}

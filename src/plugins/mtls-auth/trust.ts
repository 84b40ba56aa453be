/** Whom a configuration trusts to vouch for clients. */
import type { Host } from '../../contract/plugin.ts'
import { Certificate } from './certificate.ts'
import type { Authority, Trust } from './chain.ts'
import type { Config } from './schema.ts'

/** Throws, naming the entity, when one of the authorities is not there. */
export function makeTrust(config: Config, host: Host): Trust {
  return {
    authorities: [...new Set(config.ca_certificates)].map((id) => makeAuthority(id, host)),
    depth: config.depth,
    allowsPartial: config.allow_partial_chain,
  }
}

function makeAuthority(id: string, host: Host): Authority {
  const pem = host.caCertificate(id)
  if (pem === null) throw new Error(`ca_certificates: no CA certificate has the id ${id}`)
  try {
    return { id, certificate: new Certificate(pem) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`ca_certificates: the CA certificate ${id} can't be read: ${reason}`, { cause: error })
  }
}

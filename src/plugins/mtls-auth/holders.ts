/**
 * holders — whose a verified certificate is.
 *
 * Its other names are tried first, then the common name; for each, a credential that names the authority too comes
 * before one that does not, and credentials come before consumers of that name (Kong's order).
 */
import { Credential, type Identities } from '../../contract/identity/identities.ts'
import type { Consumer } from '../../contract/plan.ts'
import type { Verified } from './chain.ts'
import type { Config } from './schema.ts'

type By = 'username' | 'custom_id'

export class Holders {
  readonly #byName: ReadonlyMap<string, readonly Credential[]>
  readonly #identities: Identities
  readonly #consumerBy: readonly By[]
  readonly #fallback: Consumer | null

  /** Throws when the default consumer does not exist. */
  constructor(config: Config, identities: Identities) {
    this.#byName = byName(identities.credentials('mtls_auth_credentials'))
    this.#identities = identities
    this.#consumerBy = config.consumer_by
    const name = config.default_consumer
    this.#fallback = name === null ? null : identities.consumer(name)
    if (name !== null && this.#fallback === null) throw new Error(`default_consumer ${name} doesn't exist`)
  }

  find({ leaf, authorityIds }: Verified): Credential | null {
    const { names } = leaf
    return (
      this.#findCredential(
        names,
        (authority) => typeof authority === 'string' && authorityIds.includes(authority),
      ) ??
      this.#findCredential(names, (authority) => authority === null) ??
      this.#findConsumer(names) ??
      (this.#fallback === null ? null : credentialOf(this.#fallback))
    )
  }

  #findCredential(names: readonly string[], isMeant: (authority: unknown) => boolean): Credential | null {
    for (const name of names)
      for (const credential of this.#byName.get(name) ?? [])
        if (isMeant(credential.read('ca_certificate'))) return credential
    return null
  }

  #findConsumer(names: readonly string[]): Credential | null {
    for (const name of names)
      for (const field of this.#consumerBy) {
        const consumer = this.#identities.consumerBy(field, name)
        if (consumer !== null) return credentialOf(consumer)
      }
    return null
  }
}

/** For a consumer that a certificate itself names: it stands for the credential. */
function credentialOf(consumer: Consumer): Credential {
  return new Credential(consumer.id, consumer, Number.POSITIVE_INFINITY, {})
}

function byName(credentials: readonly Credential[]): Map<string, Credential[]> {
  const found = new Map<string, Credential[]>()
  for (const credential of credentials) {
    const name = String(credential.read('subject_name'))
    const held = found.get(name)
    if (held === undefined) found.set(name, [credential])
    else held.push(credential)
  }
  return found
}

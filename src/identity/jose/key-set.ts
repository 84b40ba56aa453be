/**
 * key-set — the keys of an issuer, as it publishes them (JWK Set, RFC 7517 §5), by name and algorithm.
 *
 * Only public keys for signatures count. What we can't use is passed over, as the standard asks: a key of a new kind
 * must not take the others away.
 */
import { createPublicKey, type JsonWebKeyInput, type KeyObject } from 'node:crypto'
import { isObject, type Members } from './strict-json.ts'
import { type Algorithm, isAlgorithm, makeVerifier, type Verifier } from './verifier.ts'

/** What stands behind these is passed over. */
export const KEYS_MAX = 100
/** RFC 7518 §3.3. */
const RSA_BITS_MIN = 2048
const KINDS: ReadonlySet<unknown> = new Set(['RSA', 'EC', 'OKP'])

interface NamedKey {
  /** Null: the issuer gives it no name. */
  readonly kid: string | null
  /** The only algorithm it is for; null: any that fits. */
  readonly algorithm: string | null
  readonly key: KeyObject
  readonly verifiers: Map<Algorithm, Verifier | null>
}

export class KeySet {
  readonly #keys: readonly NamedKey[]

  /** Throws for what is no key set. */
  constructor(document: Members) {
    const keys = document['keys']
    if (!Array.isArray(keys)) throw new Error('it has no "keys"')
    this.#keys = keys.slice(0, KEYS_MAX).flatMap(readKey)
  }

  get count(): number {
    return this.#keys.length
  }

  /** The key that a token names, for its algorithm. A token that names none may mean the only one that fits. */
  find(kid: string | null, algorithm: Algorithm): Verifier | null {
    let found: Verifier | null = null
    for (const key of this.#keys) {
      if (kid !== null && key.kid !== kid) continue
      if (key.algorithm !== null && key.algorithm !== algorithm) continue
      const verifier = verifierOf(key, algorithm)
      if (verifier === null) continue
      if (kid !== null) return verifier
      if (found !== null) return null
      found = verifier
    }
    return found
  }
}

function verifierOf({ verifiers, key }: NamedKey, algorithm: Algorithm): Verifier | null {
  let verifier = verifiers.get(algorithm)
  if (verifier === undefined) {
    verifier = makeVerifier(algorithm, key)
    verifiers.set(algorithm, verifier)
  }
  return verifier
}

function readKey(jwk: unknown): NamedKey[] {
  if (!isObject(jwk) || !KINDS.has(jwk['kty'])) return []
  const { kid, alg, use, key_ops: operations } = jwk
  if (use !== undefined && use !== 'sig') return []
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return []
  if (alg !== undefined && !(typeof alg === 'string' && isAlgorithm(alg))) return []
  const key = importKey(jwk)
  if (key === null) return []
  const name = typeof kid === 'string' ? kid : null
  return [{ kid: name, algorithm: alg ?? null, key, verifiers: new Map() }]
}

function importKey(jwk: Members): KeyObject | null {
  try {
    // Node looks at it itself.
    const key = createPublicKey({ key: jwk as JsonWebKeyInput['key'], format: 'jwk' })
    const bits = key.asymmetricKeyDetails?.modulusLength
    return bits !== undefined && bits < RSA_BITS_MIN ? null : key
  } catch {
    return null // passed over, as the header says
  }
}

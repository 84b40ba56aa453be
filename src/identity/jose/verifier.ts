/**
 * verifier — one key with the one algorithm it is for (RFC 7518 §3, RFC 8037).
 *
 * Which algorithm a token is verified by is never the token's choice: a public key can't be taken for the secret of an
 * HMAC, and `none` is no algorithm.
 */
import { constants, createHmac, type KeyObject, timingSafeEqual, verify } from 'node:crypto'

export const ALGORITHMS = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
] as const

export type Algorithm = (typeof ALGORITHMS)[number]

/** RFC 7518 §3.4: the curve, and the length of r and s one behind the other. */
const CURVES: Readonly<Record<string, readonly [curve: string, length: number]>> = {
  ES256: ['prime256v1', 64],
  ES384: ['secp384r1', 96],
  ES512: ['secp521r1', 132],
}

const known: ReadonlySet<string> = new Set(ALGORITHMS)

export function isAlgorithm(name: string): name is Algorithm {
  return known.has(name)
}

export interface Verifier {
  readonly algorithm: Algorithm
  /** Whether `signature` is this key's over `signed`. */
  verify(signed: Uint8Array, signature: Uint8Array): boolean
}

/** Null where the key is not one for the algorithm. */
export function makeVerifier(algorithm: Algorithm, key: KeyObject): Verifier | null {
  if (!fits(algorithm, key)) return null
  const hash = algorithm === 'EdDSA' ? null : `sha${algorithm.slice(2)}`
  if (hash !== null && algorithm.startsWith('HS')) return new MacVerifier(algorithm, hash, key)
  return new KeyVerifier(algorithm, hash, key)
}

function fits(algorithm: Algorithm, key: KeyObject): boolean {
  const kind = algorithm.slice(0, 2)
  if (kind === 'HS') return key.type === 'secret' && (key.symmetricKeySize ?? 0) > 0
  if (key.type !== 'public') return false
  const type = key.asymmetricKeyType
  if (kind === 'RS') return type === 'rsa'
  if (kind === 'PS') return type === 'rsa' || type === 'rsa-pss'
  if (kind === 'ES') return type === 'ec' && key.asymmetricKeyDetails?.namedCurve === CURVES[algorithm]![0]
  return type === 'ed25519' || type === 'ed448'
}

class MacVerifier implements Verifier {
  readonly algorithm: Algorithm
  readonly #hash: string
  readonly #key: KeyObject

  constructor(algorithm: Algorithm, hash: string, key: KeyObject) {
    this.algorithm = algorithm
    this.#hash = hash
    this.#key = key
  }

  verify(signed: Uint8Array, signature: Uint8Array): boolean {
    const own = createHmac(this.#hash, this.#key).update(signed).digest()
    return own.length === signature.length && timingSafeEqual(own, signature)
  }
}

class KeyVerifier implements Verifier {
  readonly algorithm: Algorithm
  readonly #hash: string | null
  /** What `verify` of node:crypto takes, made once. */
  readonly #key: Parameters<typeof verify>[2]
  /** Of every signature; 0: any. */
  readonly #length: number

  constructor(algorithm: Algorithm, hash: string | null, key: KeyObject) {
    this.algorithm = algorithm
    this.#hash = hash
    this.#length = CURVES[algorithm]?.[1] ?? 0
    if (algorithm.startsWith('ES')) this.#key = { key, dsaEncoding: 'ieee-p1363' }
    else if (!algorithm.startsWith('PS')) this.#key = key
    else {
      const saltLength = constants.RSA_PSS_SALTLEN_DIGEST
      this.#key = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
    }
  }

  verify(signed: Uint8Array, signature: Uint8Array): boolean {
    if (this.#length !== 0 && signature.length !== this.#length) return false
    try {
      return verify(this.#hash, signed, this.#key, signature)
    } catch {
      return false // OpenSSL throws for some signatures that can't be one
    }
  }
}

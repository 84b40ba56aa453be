/** signers — who may sign tokens: the credentials of kind jwt_secrets, each with its key, made once. */
import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import type { Credential, CredentialIndex } from '../../contract/identity/identities.ts'
import type { Host } from '../../contract/plugin.ts'
import { type Algorithm, isAlgorithm, makeVerifier, type Verifier } from '../../identity/jose/verifier.ts'

export interface Signer {
  readonly credential: Credential
  readonly algorithm: Algorithm
  /** Null where the credential has no key for its algorithm. */
  readonly verifier: Verifier | null
}

type Made = WeakMap<Credential, Signer>

/** Shared by all configurations of the plugin: a credential's key is made once for each way to read its secret. */
const asText: Made = new WeakMap()
const asBase64: Made = new WeakMap()

export class Signers {
  readonly #index: CredentialIndex
  readonly #made: Made
  readonly #host: Host

  constructor(host: Host, secretIsBase64: boolean) {
    this.#index = host.identities.index('jwt_secrets', 'key')
    this.#made = secretIsBase64 ? asBase64 : asText
    this.#host = host
  }

  /** By the credential's `key`, which is a name and no secret. */
  find(key: string): Signer | null {
    const bytes = Buffer.from(key)
    const credential = this.#index.find(bytes, 0, bytes.length)
    if (credential === null) return null
    let signer = this.#made.get(credential)
    if (signer === undefined) {
      signer = this.#make(credential)
      this.#made.set(credential, signer)
    }
    return signer
  }

  #make(credential: Credential): Signer {
    const configured = credential.read('algorithm')
    const algorithm =
      typeof configured === 'string' && isAlgorithm(configured) ? configured : ('HS256' as const)
    const key = this.#keyOf(credential, algorithm)
    const verifier = key === null ? null : makeVerifier(algorithm, key)
    if (verifier === null)
      this.#host.log('warn', `jwt: the credential ${credential.id} has no key for ${algorithm}`)
    return { credential, algorithm, verifier }
  }

  #keyOf(credential: Credential, algorithm: Algorithm): KeyObject | null {
    if (!algorithm.startsWith('HS')) return publicKey(credential.read('rsa_public_key'))
    const secret = credential.read('secret')
    if (typeof secret !== 'string') return null
    // Both alphabets, with padding or without, as Kong.
    const bytes = Buffer.from(secret, this.#made === asBase64 ? 'base64' : 'utf8')
    return bytes.length === 0 ? null : createSecretKey(bytes)
  }
}

function publicKey(pem: unknown): KeyObject | null {
  if (typeof pem !== 'string') return null
  try {
    return createPublicKey(pem)
  } catch {
    return null // the caller says which credential it is
  }
}

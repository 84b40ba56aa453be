/**
 * secure-contexts — what OpenSSL is given for connections to targets: made once for all that trust and show the same.
 *
 * LIMITS  CONTEXTS_MAX are kept for whoever comes later; a pool keeps its own as long as it lives.
 */
import { createHash } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { Address, TargetTls } from '../../../contract/target.ts'

export const CONTEXTS_MAX = 256

export class SecureContexts {
  /** Empty: those that Node trusts. */
  readonly #trusted: readonly string[]
  readonly #ofPool: WeakMap<TargetTls, SecureContext>
  readonly #kept: Map<string, SecureContext>

  constructor(trusted: readonly string[]) {
    this.#trusted = trusted
    this.#ofPool = new WeakMap()
    this.#kept = new Map()
  }

  /** Throws what OpenSSL says of a certificate or a key that it does not take. */
  get(settings: TargetTls): SecureContext {
    const own = this.#ofPool.get(settings)
    if (own !== undefined) return own
    const id = materialId(settings)
    const context = this.#kept.get(id) ?? this.#make(settings)
    this.#kept.delete(id)
    this.#kept.set(id, context)
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= CONTEXTS_MAX) break
      this.#kept.delete(oldest)
    }
    this.#ofPool.set(settings, context)
    return context
  }

  #make({ trusted, certificate }: TargetTls): SecureContext {
    const own = trusted === null ? [...this.#trusted] : [trusted].filter((pem) => pem.trim() !== '')
    // An empty list would be nobody, and none at all is whom Node trusts.
    const ca = trusted === null && own.length === 0 ? {} : { ca: own }
    return createSecureContext({
      ...ca,
      ...(certificate === null ? {} : { cert: certificate.cert, key: certificate.key }),
    })
  }
}

/** The same for addresses whose connections may serve for one another. Holds no key: only what a key hashes to. */
export function poolKey({ ip, port, tls, http }: Address): string {
  const secured = tls === null ? '' : [tls.servername, tls.verify, tls.verifyDepth, materialId(tls)].join(' ')
  return [ip, port, http, secured].join('|')
}

function materialId({ trusted, certificate }: TargetTls): string {
  const hash = createHash('sha256')
  for (const part of [trusted ?? 'default', certificate?.cert ?? '', certificate?.key ?? ''])
    hash.update(`${part.length}:`).update(part)
  return hash.digest('base64')
}

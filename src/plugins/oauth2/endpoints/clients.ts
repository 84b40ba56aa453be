/** clients — the applications that ask for tokens: who one says it is, and whether its secret is right. */
import type { Exchange } from '../../../contract/exchange.ts'
import type { Credential, CredentialIndex } from '../../../contract/identity/identities.ts'
import type { Task } from '../../../contract/machine/offload.ts'
import type { Host } from '../../../contract/plugin.ts'
import { getField } from '../../../http1/fields.ts'
import type { Parameters } from '../parameters.ts'
import { isSameSecret } from '../proofs.ts'
import { type Asked, isHash } from './check-secret.ts'

export interface Claim {
  readonly id: string
  /** '' where none was given. */
  readonly secret: string
  /** It came in the header. */
  readonly isBasic: boolean
}

/** Too many secrets with a hash wait to be checked. */
export class TooManyChecks extends Error {}

export class Clients {
  readonly #byClientId: CredentialIndex
  readonly #byId: CredentialIndex
  readonly #task: Task<Asked, boolean>
  readonly #header: string

  constructor(host: Host, header: string) {
    this.#byClientId = host.identities.index('oauth2_credentials', 'client_id')
    this.#byId = host.identities.index('oauth2_credentials', 'id')
    this.#task = host.offload.task(import.meta.url, 'check-secret')
    this.#header = header
  }

  /** By the public name. */
  find(clientId: string): Credential | null {
    return lookUp(this.#byClientId, clientId)
  }

  /** By the entity's own id, which is what tokens hold. */
  at(id: string): Credential | null {
    return lookUp(this.#byId, id)
  }

  claimOf(x: Exchange, parameters: Parameters): Claim {
    const id = parameters.text('client_id')
    const secret = parameters.text('client_secret')
    if (id !== null && secret !== null) return { id, secret, isBasic: false }
    const header = getField(x.request, this.#header)
    if (header !== null) return readBasic(header)
    return { id: id ?? '', secret: '', isBasic: false }
  }

  /** Rejects with TooManyChecks. */
  async isRight(client: Credential, given: string): Promise<boolean> {
    const stored = client.read('client_secret')
    if (typeof stored !== 'string' || stored === '' || given === '') return false
    if (client.read('hash_secret') !== true || !isHash(stored)) return isSameSecret(given, stored)
    return new Promise((resolve, reject) => {
      const isTaken = this.#task.run({ given, stored }, (isRight, problem) => {
        if (problem === '') resolve(isRight === true)
        else reject(new Error(problem))
      })
      if (!isTaken) reject(new TooManyChecks('too many secrets wait to be checked'))
    })
  }
}

function lookUp(index: CredentialIndex, text: string): Credential | null {
  const bytes = Buffer.from(text)
  return index.find(bytes, 0, bytes.length)
}

function readBasic(header: string): Claim {
  const match = /^\s*basic\s+([A-Za-z0-9+/]+={0,2})\s*$/i.exec(header)
  const text = match === null ? '' : Buffer.from(match[1]!, 'base64').toString()
  const colon = text.indexOf(':')
  if (colon < 0) return { id: text, secret: '', isBasic: true }
  return { id: text.slice(0, colon), secret: text.slice(colon + 1), isBasic: true }
}

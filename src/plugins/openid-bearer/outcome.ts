/** outcome — what a good token comes to: whose it is, what the target is told, and whether it is enough. */

import { Credential } from '../../contract/identity/identities.ts'
import type { Host } from '../../contract/plugin.ts'
import type { AddedField } from '../../http1/added-field.ts'
import type { Members } from '../../identity/jose/strict-json.ts'
import { memberOf } from '../../identity/jose/token.ts'
import { ClaimFields } from './claim-fields.ts'
import { type ClaimRules, textsOf } from './claim-rules.ts'
import type { Config } from './schema.ts'

/** A token that names nobody is somebody's all the same. */
const NAMELESS = 'openid-bearer'

export type Lack = 'none' | 'scope' | 'consumer'

export interface Outcome {
  /** What it lacks, though it is good. */
  readonly lack: Lack
  /** Of its consumer; null: it has none. */
  readonly credential: Credential | null
  readonly credentialId: string
  /** Null where none are asked for. */
  readonly groups: readonly string[] | null
  readonly fields: readonly AddedField[]
}

export class Outcomes {
  readonly fields: ClaimFields
  readonly #config: Config
  readonly #rules: ClaimRules
  readonly #host: Host

  constructor(config: Config, rules: ClaimRules, host: Host) {
    this.fields = new ClaimFields(config.upstream_headers)
    this.#config = config
    this.#rules = rules
    this.#host = host
  }

  make(claims: Members): Outcome {
    const subject = memberOf(claims, 'sub')
    const credentialId = typeof subject === 'string' && subject !== '' ? subject : NAMELESS
    const credential = this.#credentialOf(claims, credentialId)
    const { groups_claim: groups } = this.#config
    return {
      lack: this.#lackOf(claims, credential),
      credential,
      credentialId,
      groups: groups === null ? null : textsOf(memberOf(claims, groups)),
      fields: this.fields.makeFields(claims),
    }
  }

  #lackOf(claims: Members, credential: Credential | null): Lack {
    if (!this.#rules.hasScopes(claims)) return 'scope'
    const { consumer_claim: claim, consumer_optional: isOptional } = this.#config
    return claim !== null && !isOptional && credential === null ? 'consumer' : 'none'
  }

  #credentialOf(claims: Members, id: string): Credential | null {
    const claim = this.#config.consumer_claim
    const name = claim === null ? null : memberOf(claims, claim)
    if (typeof name !== 'string' || name === '') return null
    for (const field of this.#config.consumer_by) {
      const consumer = this.#host.identities.consumerBy(field, name)
      if (consumer !== null) return new Credential(id, consumer, Number.POSITIVE_INFINITY, {})
    }
    return null
  }
}

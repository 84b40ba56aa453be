/**
 * identities — whom a configuration knows: consumers, and the credentials they prove themselves with.
 *
 * Made once a configuration and given to every plugin of its plan, so that a hundred routes with key-auth share one
 * index of keys. What is configured of a credential may be a secret: it is private, so JSON and a print leave it out.
 * What `fields` tells a target is not: the key of a jwt_secret, say, which is a name and no secret.
 */
import type { AddedField } from '../../http1/added-field.ts'
import type { Consumer } from '../plan.ts'
import type { Value } from '../schema.ts'

/** One of a consumer's credentials. */
export class Credential {
  readonly id: string
  readonly consumer: Consumer
  /** Milliseconds since 1970 from which on it counts as unknown; Infinity: never. */
  readonly expiresMs: number
  /** What a target is told of who asks; made when the credential is first used, by identity/authentication.ts. */
  fields: readonly AddedField[] | null
  readonly #values: Readonly<Record<string, Value>>

  constructor(id: string, consumer: Consumer, expiresMs: number, values: Readonly<Record<string, Value>>) {
    this.id = id
    this.consumer = consumer
    this.expiresMs = expiresMs
    this.fields = null
    this.#values = values
  }

  /** A field as it is configured; null for one that is absent. */
  read(name: string): Value {
    return this.#values[name] ?? null
  }
}

/** Credentials of one kind by one of their fields, whose values tell them apart. */
export interface CredentialIndex {
  /** The longest value there is, in bytes; 0 without credentials. */
  readonly lengthMax: number
  /** Whose value is the bytes [start, end), which are UTF-8. Takes as long whatever the values it knows. */
  find(bytes: Uint8Array, start: number, end: number): Credential | null
}

export interface Identities {
  /** By id or username. */
  consumer(idOrUsername: string): Consumer | null
  /** By one field alone, for names that an authority vouches for. */
  consumerBy(field: 'username' | 'custom_id', value: string): Consumer | null
  /** All of one kind, by Kong's plural: 'acls', 'keyauth_credentials'. */
  credentials(kind: string): readonly Credential[]
  /** The index of a kind by a field: 'keyauth_credentials' by 'key', 'jwt_secrets' by 'key'. */
  index(kind: string, field: string): CredentialIndex
}

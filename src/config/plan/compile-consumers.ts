/**
 * Consumers, their groups and their credentials, as a plan's plugins ask for them.
 *
 * Plugins are built with consumers at hand, and consumers have plugins' configurations of their own: so consumers are
 * made first, and are complete once the bindings are.
 */
import { Credential, type CredentialIndex, type Identities } from '../../contract/identity/identities.ts'
import type { Consumer } from '../../contract/plan.ts'
import type { Bindings } from '../../flow/chain/bindings.ts'
import { CredentialTable } from '../../identity/credential-table.ts'
import type { Config, ConsumerEntity, OtherEntity } from '../model.ts'

const MEMBERS = 'consumer_group_consumers'

type Unfinished = { -readonly [Field in keyof Consumer]: Consumer[Field] }

interface Group {
  readonly id: string
  readonly name: string
}

/** Plugins keep it for as long as their plan runs, so it holds nothing else of the configuration. */
export class Consumers implements Identities {
  readonly #entities: ReadonlyMap<string, readonly OtherEntity[]>
  readonly #random: (count: number) => Buffer
  readonly #byId = new Map<string, Unfinished>()
  readonly #byUsername = new Map<string, Consumer>()
  readonly #byCustomId = new Map<string, Consumer>()
  readonly #groups: Map<string, Group[]>
  /** The consumer's id by the oauth2_credential's: a token belongs to whom its credential belongs to. */
  readonly #owners: ReadonlyMap<string, string>
  readonly #credentials = new Map<string, readonly Credential[]>()
  readonly #indexes = new Map<string, CredentialIndex>()

  constructor(config: Config, random: (count: number) => Buffer) {
    this.#entities = credentialsOf(config)
    this.#random = random
    this.#groups = groupsByConsumer(config)
    const applications = config.others['oauth2_credentials'] ?? []
    this.#owners = new Map(applications.map(({ id, consumer }) => [id, String(consumer)]))
    for (const entity of config.consumers) {
      const consumer = makeConsumer(entity, this.#groups.get(entity.id) ?? [])
      this.#byId.set(consumer.id, consumer)
      if (consumer.username !== null) this.#byUsername.set(consumer.username, consumer)
      if (consumer.customId !== null) this.#byCustomId.set(consumer.customId, consumer)
    }
  }

  consumer(idOrUsername: string): Consumer | null {
    return this.#byId.get(idOrUsername) ?? this.#byUsername.get(idOrUsername) ?? null
  }

  consumerBy(field: 'username' | 'custom_id', value: string): Consumer | null {
    const known = field === 'username' ? this.#byUsername : this.#byCustomId
    return known.get(value) ?? null
  }

  credentials(kind: string): readonly Credential[] {
    let made = this.#credentials.get(kind)
    if (made === undefined) {
      made = (this.#entities.get(kind) ?? []).flatMap((entity) => this.#credential(entity))
      this.#credentials.set(kind, made)
    }
    return made
  }

  #credential(entity: OtherEntity): Credential[] {
    const consumer = this.#byId.get(
      this.#owners.get(String(entity['credential'])) ?? String(entity['consumer']),
    )
    return consumer === undefined ? [] : [new Credential(entity.id, consumer, expiryOf(entity), entity)]
  }

  index(kind: string, field: string): CredentialIndex {
    const name = `${kind} ${field}`
    let made = this.#indexes.get(name)
    if (made === undefined) {
      const key = this.#random(8)
      const seed = { a: key.readInt32LE(0), b: key.readInt32LE(4) }
      made = new CredentialTable(this.credentials(kind), field, seed)
      this.#indexes.set(name, made)
    }
    return made
  }

  /** All of them, with their own configurations of plugins and their groups'. Once, when the bindings are complete. */
  bind(bindings: Bindings): readonly Consumer[] {
    const all = [...this.#byId.values()]
    for (const consumer of all) {
      // Of several groups' configurations the first by the group's name counts, as in Kong.
      const groups = (this.#groups.get(consumer.id) ?? []).toSorted(byName)
      const ids = groups.map((group) => group.id)
      consumer.overrides = bindings.ofConsumer(consumer.id, ids)
      Object.freeze(consumer)
    }
    this.#groups.clear()
    return Object.freeze(all)
  }
}

/** By kind: what belongs to a consumer, or to a credential of one, and is no membership of a group. */
function credentialsOf({ others }: Config): Map<string, readonly OtherEntity[]> {
  const kinds = Object.entries(others).filter(([kind]) => kind !== MEMBERS)
  return new Map(kinds.filter(([, list]) => isOwned(list[0])))
}

function isOwned(entity: OtherEntity | undefined): boolean {
  return entity?.['consumer'] !== undefined || entity?.['credential'] !== undefined
}

function makeConsumer(entity: ConsumerEntity, groups: readonly Group[]): Unfinished {
  return {
    id: entity.id,
    username: entity.username,
    customId: entity.custom_id,
    tags: entity.tags ?? [],
    groups: groups.map((group) => group.name),
    overrides: null,
  }
}

function byName(one: Group, other: Group): number {
  return one.name < other.name ? -1 : 1
}

/** By the consumer's id; in the order in which they are written, which is what plugins see. */
function groupsByConsumer({ others }: Config): Map<string, Group[]> {
  const byId = new Map(
    (others['consumer_groups'] ?? []).map(({ id, name }) => [id, { id, name: String(name) }]),
  )
  const groups = new Map<string, Group[]>()
  for (const member of others[MEMBERS] ?? []) {
    const consumer = String(member['consumer'])
    const group = byId.get(String(member['consumer_group']))
    if (group === undefined) continue
    const held = groups.get(consumer)
    if (held === undefined) groups.set(consumer, [group])
    else held.push(group)
  }
  return groups
}

/** Kong's `ttl`: seconds from when the credential was made. 0 is none. */
function expiryOf(entity: OtherEntity): number {
  const ttl = entity['ttl']
  if (typeof ttl !== 'number' || ttl <= 0) return Number.POSITIVE_INFINITY
  return (entity.created_at + ttl) * 1000
}

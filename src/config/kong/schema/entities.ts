/** Every kind of entity a configuration may hold, and which may be written inside which. */
import { caCertificates, certificates, snis } from './certificate-schema.ts'
import { credentials } from './credential-schemas.ts'
import { type EntityDefinition, foreignFields } from './entity.ts'
import { consumerGroupConsumers, consumerGroups, consumers, keySets, keys, vaults } from './other-schemas.ts'
import { plugins } from './plugin-schema.ts'
import { routes } from './route-schema.ts'
import { services } from './service-schema.ts'
import { targets, upstreams } from './upstream-schema.ts'

/** Parents stand before their children, so that a child's references are known when it is looked at. */
export const entities: readonly EntityDefinition[] = [
  vaults,
  certificates,
  caCertificates,
  snis,
  services,
  routes,
  upstreams,
  targets,
  consumers,
  consumerGroups,
  consumerGroupConsumers,
  ...credentials,
  keySets,
  keys,
  plugins,
]

export const entityByName: ReadonlyMap<string, EntityDefinition> = new Map(
  entities.map((definition) => [definition.name, definition]),
)

export interface Nesting {
  readonly child: EntityDefinition
  /** The child's field that names the parent. */
  readonly field: string
}

/** parent → key in the parent's record → what stands under it. */
export const nestings: ReadonlyMap<string, ReadonlyMap<string, Nesting>> = new Map(
  entities.map((parent) => [parent.name, nestingsOf(parent)]),
)

function nestingsOf(parent: EntityDefinition): ReadonlyMap<string, Nesting> {
  const inside = new Map<string, Nesting>()
  for (const child of entities) {
    for (const [field, { reference }] of foreignFields(child)) {
      // A client certificate is used by a service; the service does not belong to it.
      if (reference !== parent.name || field === 'client_certificate') continue
      if (child === consumerGroupConsumers) {
        inside.set(parent === consumers ? 'groups' : 'consumers', { child, field })
      } else inside.set(child.name, { child, field })
    }
  }
  return inside
}

/** entities — routes, services and consumers as Kong's log shows them: fields that are set, no credentials, no secrets. */
import type { Config, Entity } from '../../../config/model.ts'

export type EntityKind = 'route' | 'service' | 'consumer'

type Fields = Readonly<Record<string, unknown>>
type Shown = ReadonlyMap<string, object>

/** Fields that Kong does not have. */
const OURS = new Set(['retry_policy', 'http2'])
/** Fields whose value is the id of another entity, which Kong shows as an object. */
const REFERENCES = new Set(['service', 'client_certificate'])

/** Of the last two configurations, since a record may be older than the configuration in force. */
export class Entities {
  #now: Record<EntityKind, Shown> | null = null
  #before: Record<EntityKind, Shown> | null = null

  take(config: Config): void {
    this.#before = this.#now
    const show = (entities: readonly Entity[]): Shown =>
      new Map(entities.map((entity) => [entity.id, shown(entity, config.references?.[entity.id] ?? {})]))
    this.#now = {
      route: show(config.routes),
      service: show(config.services),
      consumer: show(config.consumers),
    }
  }

  /** The same object until the next configuration. */
  find(kind: EntityKind, id: string): object | null {
    return this.#now?.[kind].get(id) ?? this.#before?.[kind].get(id) ?? null
  }
}

/** A value that came from a vault, or has one in it, is shown as the reference. */
function shown(entity: Entity, references: Readonly<Record<string, string>>): object {
  const hidden = new Map(Object.entries(references).map(([path, text]) => [/^[^.[]*/.exec(path)![0], text]))
  const fields: Record<string, unknown> = {}
  // An entity is a plain object.
  for (const [name, value] of Object.entries(entity as unknown as Fields)) {
    if (value === null || value === undefined || OURS.has(name)) continue
    fields[name] = hidden.get(name) ?? (REFERENCES.has(name) ? { id: value } : value)
  }
  return Object.freeze(fields)
}

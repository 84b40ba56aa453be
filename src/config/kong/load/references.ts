/** Finds the entities that others refer to, by id or by name. */
import type { Field, Value } from '../../../contract/schema.ts'
import { isRecord } from '../../validate.ts'
import { entityByName } from '../schema/entities.ts'
import type { Draft } from './draft.ts'

type Answer = { id: string } | { message: string }

export class References {
  /** entity → id or name → id. */
  readonly #byId = new Map<string, Map<string, string>>()
  readonly #byName = new Map<string, Map<string, string>>()

  constructor(drafts: readonly Draft[]) {
    for (const { definition, raw, id } of drafts) {
      put(this.#byId, definition.name, id, id)
      const name = definition.referenceKey === null ? null : raw[definition.referenceKey]
      if (typeof name === 'string') put(this.#byName, definition.name, name, id)
    }
  }

  find(fieldName: string, field: Field, value: Value): Answer {
    const entity = field.reference ?? ''
    const key = entityByName.get(entity)?.referenceKey ?? null
    const text = typeof value === 'string' ? value : writtenAs(value, key)
    if (text === null)
      return { message: "expected a reference: an id, a name, or a record with 'id' or 'name'" }
    // An id wins over a name that looks like one.
    const id = this.#byId.get(entity)?.get(text.toLowerCase()) ?? this.#byName.get(entity)?.get(text)
    if (id !== undefined) return { id }
    return { message: `invalid reference '${fieldName}: ${text}' (no such entry in '${entity}')` }
  }
}

function writtenAs(value: Value, key: string | null): string | null {
  if (!isRecord(value)) return null
  const text = value['id'] ?? (key === null ? null : value[key]) ?? null
  return typeof text === 'string' ? text : null
}

function put(index: Map<string, Map<string, string>>, entity: string, key: string, id: string): void {
  const entries = index.get(entity)
  if (entries === undefined) index.set(entity, new Map([[key, id]]))
  else if (!entries.has(key)) entries.set(key, id)
}

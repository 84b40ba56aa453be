/** What the loader has to know of a kind of entity: its fields, its keys, and how its shorthands are written out. */
import { type Field, s, type Value } from '../../../contract/schema.ts'

export type RawRecord = { [key: string]: Value }

/** Complains about a field of the entity at hand, or about all of it. */
export type Say = (message: string, field?: string) => void

export interface EntityDefinition {
  /** Kong's plural, which is also its key in the file: 'services'. */
  readonly name: string
  /** Fields without the ones every entity has; see `withCommonFields`. */
  readonly schema: Field
  /** The field that others may refer to it by, beside its id. */
  readonly referenceKey: string | null
  /** Fields a stable id is derived from; one field alone is the key, several are joined. Null: a random id. */
  readonly idFields: readonly string[] | null
  /** Sets of fields no two entities may share; nulls never clash in a set of one. */
  readonly unique: readonly (readonly string[])[]
  /** Expands shorthands in a copy of what was written, before validation. */
  readonly prepare?: (raw: RawRecord, say: Say) => void
  /** Changes a valid entity into what is kept. */
  readonly finish?: (entity: RawRecord, tools: FinishTools) => void
}

export interface FinishTools {
  /** False when the file already holds what `finish` would make: hashes in place of passwords. */
  readonly transform: boolean
  random(count: number): Uint8Array
}

/** Printable ASCII without the two separators of tag queries, or any text beyond ASCII. */
const TAG = /^(?:[ -+\--.0-~]+|(?=.*[^\u0000-\u007f])[^\u0000-\u001f\u007f,/]+)$/u

export function tagRule(value: Value): string | null {
  if (typeof value === 'string' && TAG.test(value)) return null
  return `invalid tag '${String(value)}': expected printable ascii (except \`,\` and \`/\`) or valid utf-8 sequences`
}

const NAME = /^[\p{L}\p{N}\p{M}.\-_~]+$|^(?:[A-Za-z0-9.\-_~]|[^\u0000-\u007f])+$/u

function nameRule(value: Value): string | null {
  if (typeof value === 'string' && NAME.test(value)) return null
  return `invalid value '${String(value)}': the only accepted ascii characters are alphanumerics or ., -, _, and ~`
}

export const utf8Name = s.string({ custom: nameRule })
export const uniqueName = s.string({ custom: nameRule, unique: true })
export const port = s.integer({ between: [0, 65535] })
export const uuid = s.string({ uuid: true })

/** A rule on text as a field's `custom`. */
export function onText(rule: (text: string) => string | null): (value: Value) => string | null {
  return (value) => (typeof value === 'string' ? rule(value) : null)
}

/** The fields every entity has, around its own. */
export function entityRecord(
  fields: Readonly<Record<string, Field>>,
  extra: Omit<Field, 'type' | 'fields'> = {},
): Field {
  return s.record(
    {
      id: s.string({ uuid: true, auto: true }),
      created_at: s.integer({ auto: true }),
      updated_at: s.integer({ auto: true }),
      ...fields,
      tags: s.set(s.string({ custom: tagRule })),
    },
    extra,
  )
}

const foreign = new Map<EntityDefinition, ReadonlyMap<string, Field>>()

/** Every foreign field of an entity, by name. */
export function foreignFields(definition: EntityDefinition): ReadonlyMap<string, Field> {
  let fields = foreign.get(definition)
  if (fields === undefined) {
    const all = Object.entries(definition.schema.fields ?? {})
    fields = new Map(all.filter(([, field]) => field.type === 'foreign'))
    foreign.set(definition, fields)
  }
  return fields
}

export function isFilled(value: Value | undefined): boolean {
  if (value === undefined || value === null || value === '') return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}

/**
 * schema — the shape of an entity or of a plugin's config, as plain data in Kong's terms.
 *
 * One description drives validation (config/validate.ts), the typed config a plugin gets, its README and later the
 * Admin API's /schemas. Field attributes bear Kong's names, so that what `/schemas` answers is this data.
 */

export type FieldType =
  | 'string'
  | 'number'
  | 'integer'
  | 'boolean'
  | 'array'
  | 'set'
  | 'map'
  | 'record'
  | 'foreign'

/** A value that passed; `null` is "absent". */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value }

/** Answers the problem in Kong's words, or null. Cold. */
export type Custom = (value: Value) => string | null

export interface Field {
  readonly type: FieldType
  readonly required?: boolean
  readonly default?: Value
  /** One sentence for docs. */
  readonly says?: string
  readonly one_of?: readonly (string | number)[]
  readonly between?: readonly [number, number]
  readonly gt?: number
  readonly len_min?: number
  readonly len_max?: number
  readonly starts_with?: string
  /** A regular expression in source form that the string must match, and what is said when it does not. */
  readonly match?: readonly [pattern: string, err: string]
  readonly uuid?: boolean
  readonly auto?: boolean
  readonly unique?: boolean
  readonly referenceable?: boolean
  readonly encrypted?: boolean
  readonly elements?: Field
  readonly keys?: Field
  readonly values?: Field
  readonly fields?: Readonly<Record<string, Field>>
  readonly entity_checks?: readonly EntityCheck[]
  /** The entity a foreign key points at, in the plural: 'services'. */
  readonly reference?: string
  readonly custom?: Custom
}

/** Rules over several fields of a record; `check` answers the message for "@entity", or null. */
export interface EntityCheck {
  readonly name: string
  /** The fields it reads: it is passed over when one of them is itself wrong. Absent: when any field is. */
  readonly fields?: readonly string[]
  /** Said about one field in addition ('redis.host': one of a record), where Kong names the field and the entity both. */
  readonly blames?: readonly [field: string, message: string]
  readonly check: (record: { [key: string]: Value }) => string | null
}

type Extra = Omit<Field, 'type' | 'elements' | 'keys' | 'values' | 'fields' | 'reference'>

function field<const T extends FieldType, const E>(type: T, extra: E): { type: T } & E {
  return { type, ...extra }
}

/** Builders; `s.integer({ default: 5, between: [0, 32767] })`. */
export const s = {
  string: <const E extends Extra>(extra: E = {} as E) => field('string', extra),
  number: <const E extends Extra>(extra: E = {} as E) => field('number', extra),
  integer: <const E extends Extra>(extra: E = {} as E) => field('integer', extra),
  boolean: <const E extends Extra>(extra: E = {} as E) => field('boolean', extra),
  array: <const F extends Field, const E extends Extra>(elements: F, extra: E = {} as E) =>
    field('array', { elements, ...extra }),
  set: <const F extends Field, const E extends Extra>(elements: F, extra: E = {} as E) =>
    field('set', { elements, ...extra }),
  map: <const K extends Field, const V extends Field, const E extends Extra>(
    keys: K,
    values: V,
    extra: E = {} as E,
  ) => field('map', { keys, values, ...extra }),
  record: <const R extends Readonly<Record<string, Field>>, const E extends Extra>(
    fields: R,
    extra: E = {} as E,
  ) => field('record', { fields, ...extra }),
  foreign: <const E extends Extra>(reference: string, extra: E = {} as E) =>
    field('foreign', { reference, ...extra }),
}

type Present<F> = F extends { required: true } | { default: Exclude<Value, null> } ? true : false
type Plain<F> = F extends { type: 'string' }
  ? F extends { one_of: readonly (infer O extends string)[] }
    ? O
    : string
  : F extends { type: 'number' | 'integer' }
    ? number
    : F extends { type: 'boolean' }
      ? boolean
      : F extends { type: 'array' | 'set'; elements: infer E }
        ? Plain<E>[]
        : F extends { type: 'map'; values: infer V }
          ? Record<string, Plain<V>>
          : F extends { type: 'record'; fields: infer R }
            ? { [K in keyof R]: Present<R[K]> extends true ? Plain<R[K]> : Plain<R[K]> | null }
            : F extends { type: 'foreign' }
              ? string
              : never

/** The type of a value that passed this schema: defaults filled in, absent optional fields null. */
export type Infer<F> = Plain<F>

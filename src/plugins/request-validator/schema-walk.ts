/**
 * schema-walk — brings a JSON Schema of any draft into the form that the validator takes.
 *
 *   draft 4       `id` is `$id`; `exclusiveMinimum: true` makes `minimum` exclusive; words that came later mean nothing
 *   drafts 4..7   beside `$ref` nothing else counts
 *   any           with `$ref`s each schema is counted as it is tried (BUDGET): through them the work for a body can
 *                 grow without bound, else it is schema times body
 */

export type Draft = 'draft4' | 'draft6' | 'draft7' | 'draft201909' | 'draft202012'
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
type Members = { [name: string]: Json }

/** The word that has a schema counted. */
export const BUDGET = 'sluiceBudget'
/** Schemas nest no deeper: each level is code within code. */
const DEPTH_MAX = 100

const ONE = words(
  'additionalItems additionalProperties contains else if items not propertyNames then unevaluatedItems ' +
    'unevaluatedProperties contentSchema',
)
const LISTS = words('allOf anyOf oneOf items prefixItems')
const MAPS = words('$defs definitions dependencies dependentSchemas patternProperties properties')
const AFTER_DRAFT_4 = words('const contains propertyNames if then else')
const AFTER_DRAFT_6 = words('if then else')
const REFERENCES = words('$ref $dynamicRef $recursiveRef')
const KEPT_BESIDE_REF = words('$ref definitions $defs')

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(' '))
}

/** Throws an Error that says what cannot be. */
export function prepareSchema(schema: Json, draft: Draft): Json {
  return prepare(schema, { draft, isCounted: hasReference(schema, 0) }, 0)
}

interface Manner {
  readonly draft: Draft
  readonly isCounted: boolean
}

function prepare(schema: Json, manner: Manner, depth: number): Json {
  if (!isObject(schema)) return schema
  if (depth > DEPTH_MAX) throw new Error(`it nests deeper than ${DEPTH_MAX}`)
  const prepared: Members = {}
  for (const [name, value] of Object.entries(asDraft7(schema, manner.draft))) {
    if (name === '__proto__') throw new Error("it has a member named '__proto__'")
    if (name !== '$schema') prepared[name] = prepareMember(name, value, manner, depth + 1)
  }
  if (manner.isCounted) prepared[BUDGET] = true
  return prepared
}

function prepareMember(name: string, value: Json, manner: Manner, depth: number): Json {
  if (Array.isArray(value)) return LISTS.has(name) ? value.map((each) => prepare(each, manner, depth)) : value
  if (!isObject(value)) return value
  if (ONE.has(name)) return prepare(value, manner, depth)
  if (!MAPS.has(name)) return value
  const entries = Object.entries(value)
  if (Object.hasOwn(value, '__proto__')) throw new Error(`${name} has a member named '__proto__'`)
  return Object.fromEntries(entries.map(([key, each]) => [key, prepare(each, manner, depth)]))
}

function asDraft7(schema: Members, draft: Draft): Members {
  if (draft === 'draft201909' || draft === 'draft202012') return schema
  if (typeof schema['$ref'] === 'string') return only(schema, (name) => KEPT_BESIDE_REF.has(name))
  if (draft === 'draft7') return schema
  if (draft === 'draft6') return only(schema, (name) => !AFTER_DRAFT_6.has(name))
  const own = only(schema, (name) => !AFTER_DRAFT_4.has(name) && name !== 'id')
  if (typeof schema['id'] === 'string') own['$id'] = schema['id']
  exclude(own, 'exclusiveMinimum', 'minimum')
  exclude(own, 'exclusiveMaximum', 'maximum')
  return own
}

function exclude(schema: Members, exclusive: string, bound: string): void {
  const flag = schema[exclusive]
  if (flag === undefined) return
  if (typeof flag !== 'boolean') throw new Error(`${exclusive} is true or false in draft 4`)
  delete schema[exclusive]
  if (!flag || schema[bound] === undefined) return
  schema[exclusive] = schema[bound]
  delete schema[bound]
}

function only(schema: Members, keeps: (name: string) => boolean): Members {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => keeps(name)))
}

/** Anywhere: to count what need not be counted costs little. */
function hasReference(value: Json, depth: number): boolean {
  if (depth > DEPTH_MAX * 2) throw new Error(`it nests deeper than ${DEPTH_MAX}`)
  if (Array.isArray(value)) return value.some((each) => hasReference(each, depth + 1))
  if (!isObject(value)) return false
  return Object.entries(value).some(([name, each]) => REFERENCES.has(name) || hasReference(each, depth + 1))
}

export function isObject(value: Json | undefined): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

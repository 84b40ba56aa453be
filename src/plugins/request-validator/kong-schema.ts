/**
 * kong-schema — Kong's own way to describe a body (version `kong`), as a JSON Schema: an array of fields, each an
 * object of one member, `[{"name": {"type": "string", "required": true}}]`.
 *
 * A field that the description does not name is refused, a string may not be empty unless `len_min` is 0, and what is
 * not required may be null, as in Kong. `match` is refused at load: it takes Lua patterns.
 */
import { isObject, type Json } from './schema-walk.ts'

type Members = { [name: string]: Json }
type Rule = (field: Members, schema: Members) => void

/** Throws an Error that names the field. */
export function fromKongSchema(fields: Json): Json {
  return recordOf(fields, '')
}

function recordOf(fields: Json | undefined, path: string): Members {
  if (!Array.isArray(fields)) throw new Error(`${path}the fields are to be an array of objects of one member`)
  const properties: Members = {}
  const required: string[] = []
  for (const entry of fields) {
    const [name, field] = isObject(entry) ? (Object.entries(entry)[0] ?? []) : []
    if (name === undefined || !isObject(field) || name === '__proto__')
      throw new Error(`${path}each field is an object of one member: {"name": {"type": "string"}}`)
    properties[name] = fieldOf(field, `${path}${name}: `)
    if (field['required'] === true) required.push(name)
  }
  return { type: 'object', properties, required, additionalProperties: false }
}

function fieldOf(field: Members, path: string): Json {
  const type = field['type']
  const make = typeof type === 'string' && Object.hasOwn(TYPES, type) ? TYPES[type] : undefined
  if (make === undefined) throw new Error(`${path}no such type: ${JSON.stringify(type ?? null)}`)
  const schema = make(field, path)
  for (const name of Object.keys(field)) {
    const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined
    if (rule === undefined) throw new Error(`${path}${WHY[name] ?? `'${name}' is not supported`}`)
    rule(field, schema)
  }
  if (type === 'string' && schema['minLength'] === undefined) schema['minLength'] = 1
  return field['required'] === true ? schema : { anyOf: [schema, { type: 'null' }] }
}

const WHY: Readonly<Record<string, string>> = {
  match: "'match' takes Lua patterns, which are not supported; use version draft7 and 'pattern'",
}

const TYPES: Readonly<Record<string, (field: Members, path: string) => Members>> = {
  string: () => ({ type: 'string' }),
  number: () => ({ type: 'number' }),
  integer: () => ({ type: 'integer' }),
  boolean: () => ({ type: 'boolean' }),
  array: (field, path) => ({ type: 'array', items: innerOf(field, 'elements', path) }),
  set: (field, path) => ({ type: 'array', items: innerOf(field, 'elements', path), uniqueItems: true }),
  map: (field, path) => ({
    type: 'object',
    propertyNames: innerOf(field, 'keys', path),
    additionalProperties: innerOf(field, 'values', path),
  }),
  record: (field, path) => recordOf(field['fields'], path),
}

function innerOf(field: Members, name: string, path: string): Json {
  const inner = field[name]
  if (inner === undefined) return {}
  if (!isObject(inner)) throw new Error(`${path}'${name}' is to be an object`)
  return fieldOf({ required: true, ...inner }, `${path}${name}: `)
}

const nothing: Rule = () => {}

/** `to` differs for text and for lists. */
function length(minText: string, minItems: string): (name: string) => Rule {
  return (name) => (field, schema) => {
    schema[schema['type'] === 'string' ? minText : minItems] = field[name]!
  }
}

const least = length('minLength', 'minItems')
const most = length('maxLength', 'maxItems')

const RULES: Readonly<Record<string, Rule>> = {
  type: nothing,
  required: nothing,
  default: nothing,
  elements: nothing,
  keys: nothing,
  values: nothing,
  fields: nothing,
  description: nothing,
  len_min: least('len_min'),
  len_max: most('len_max'),
  len_eq: (field, schema) => {
    least('len_eq')(field, schema)
    most('len_eq')(field, schema)
  },
  one_of: (field, schema) => void (schema['enum'] = field['one_of']!),
  not_one_of: (field, schema) => void (schema['not'] = { enum: field['not_one_of']! }),
  eq: (field, schema) => void (schema['const'] = field['eq']!),
  ne: (field, schema) => void (schema['not'] = { const: field['ne']! }),
  contains: (field, schema) => void (schema['contains'] = { const: field['contains']! }),
  gt: (field, schema) => void (schema['exclusiveMinimum'] = field['gt']!),
  between: (field, schema) => {
    const [from, to] = Array.isArray(field['between']) ? field['between'] : []
    if (typeof from !== 'number' || typeof to !== 'number') throw new Error("'between' is to be two numbers")
    schema['minimum'] = from
    schema['maximum'] = to
  },
  uuid: (field, schema) => void (field['uuid'] === true && (schema['format'] = 'uuid')),
  timestamp: (field, schema) => void (field['timestamp'] === true && (schema['exclusiveMinimum'] = 0)),
  starts_with: (field, schema) => {
    schema['pattern'] = `^${String(field['starts_with']).replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}`
  },
}

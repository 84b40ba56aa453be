/** parameter — one parameter that a request must have, or may, and what its value must be. */
import type { Exchange } from '../../contract/exchange.ts'
import { getFields } from '../../http1/fields.ts'
import { type Check, compileValue, draftOf, readSchema, type Version } from './compile-schema.ts'
import { isObject, type Json } from './schema-walk.ts'
import { type Arguments, type Kind, type Manner, type Read, readQuery, readText } from './styles.ts'

type Members = { readonly [name: string]: Json }

export interface ParameterConfig {
  readonly in: 'query' | 'header' | 'path'
  readonly name: string
  readonly required: boolean
  readonly style: string | null
  readonly explode: boolean | null
  readonly schema: string | null
}

/** A parameter's schema refers to its own parts this deep at most, where its types are looked for. */
const REFERENCES_MAX = 8

export class Parameter {
  /** "query 'page'". */
  readonly title: string
  readonly place: ParameterConfig['in']
  readonly #name: string
  readonly #isRequired: boolean
  /** Null: it only has to be there. */
  readonly #check: Check | null
  readonly #schema: Members
  readonly #manner: Manner
  readonly #members: readonly string[]

  /** Throws an Error that names the parameter. */
  constructor(config: ParameterConfig, version: Version) {
    this.title = `${config.in} '${config.name}'`
    this.place = config.in
    this.#name = config.in === 'header' ? config.name.toLowerCase() : config.name
    this.#isRequired = config.required
    const schema = config.schema === null ? null : readParameterSchema(config.schema)
    this.#schema = schema ?? {}
    this.#check = schema === null ? null : compileValue(schema, draftOf(version))
    const kind = kindOf(this.#schema)
    this.#manner = { name: config.name, style: config.style ?? '', explode: config.explode ?? false, kind }
    this.#members = Object.keys(this.#memberSchemas())
  }

  /** '' when it conforms, else why not. */
  judge(x: Exchange, query: Arguments): string {
    try {
      const read = this.#read(x, query)
      if (read === null) return this.#isRequired ? 'required parameter value not found' : ''
      return this.#check === null ? '' : this.#check(this.#convert(read))
    } catch (cause) {
      return cause instanceof Error ? cause.message : String(cause)
    }
  }

  #read(x: Exchange, query: Arguments): Read | null {
    if (this.place === 'query') {
      if (this.#check === null) return query.some(([key]) => key === this.#name) ? '' : null
      return readQuery(query, this.#manner, this.#members, decodeArgument)
    }
    const text = this.place === 'header' ? this.#field(x) : (x.captures?.named[this.#name] ?? null)
    if (text === null || this.#check === null) return text
    return this.place === 'header'
      ? readText(text, this.#manner, (part) => part.trim())
      : readText(text, this.#manner, decodePath)
  }

  #field(x: Exchange): string | null {
    const values = getFields(x.request, this.#name)
    return values.length === 0 ? null : values.join(',')
  }

  #convert(read: Read): unknown {
    if (typeof read === 'string') return convert(read, this.#schema)
    if (this.#manner.kind === 'array') {
      const items = this.#resolve(this.#schema['items'])
      return (read as readonly string[]).map((text) => convert(text, items)) // by kind
    }
    const schemas = this.#memberSchemas()
    const members = new Map<string, unknown>()
    for (const [name, text] of read as readonly (readonly [string, string])[]) {
      if (members.has(name)) throw new Error('a member is there more than once')
      members.set(name, convert(text, this.#resolve(Object.hasOwn(schemas, name) ? schemas[name] : {})))
    }
    return Object.fromEntries(members)
  }

  #memberSchemas(): Members {
    const properties = this.#schema['properties']
    return isObject(properties) ? properties : {}
  }

  /** Follows references within the schema, far enough to find a type. */
  #resolve(schema: Json | undefined): Members {
    let found = schema
    for (let i = 0; i < REFERENCES_MAX && isObject(found); i++) {
      const reference = found['$ref']
      if (typeof reference !== 'string' || !reference.startsWith('#/')) return found
      found = reference
        .slice(2)
        .split('/')
        .reduce<Json | undefined>(
          (at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined),
          this.#schema as Json,
        )
    }
    return isObject(found) ? found : {}
  }
}

function readParameterSchema(text: string): Members {
  const schema = readSchema(text)
  if (!isObject(schema)) throw new Error('it is to be a JSON object')
  if (schema['type'] === undefined)
    throw new Error("it must have a top-level 'type', by which values are read")
  return schema
}

function kindOf(schema: Members): Kind {
  const types = typesOf(schema)
  if (types.includes('array')) return 'array'
  return types.includes('object') ? 'object' : 'primitive'
}

function typesOf(schema: Members): readonly Json[] {
  const type = schema['type']
  return Array.isArray(type) ? type : [type ?? 'string']
}

/** A text as JSON would have it: '0x10' and ' 1' are no numbers. */
function convert(text: string, schema: Members): unknown {
  const types = typesOf(schema)
  if (types.includes('number') || types.includes('integer')) {
    const value = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN
    if (Number.isFinite(value)) return value
  }
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  if (types.includes('null') && (text === '' || text === 'null')) return null
  return text
}

function decodePath(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Error('it is not valid percent-encoding of UTF-8')
  }
}

export function decodeArgument(text: string): string {
  return decodePath(text.replaceAll('+', ' '))
}

/** The query of the request, in the order it came; what can't be decoded as a name stands for itself. */
export function readArguments(x: Exchange): Arguments {
  const head = x.request
  if (head.pathEnd >= head.targetEnd) return []
  const text = head.bytes.latin1Slice(head.pathEnd + 1, head.targetEnd)
  const parts = text.split('&').filter((part) => part !== '')
  return parts.map((part) => {
    const equals = part.indexOf('=')
    const name = equals < 0 ? part : part.slice(0, equals)
    return [decodeName(name), equals < 0 ? '' : part.slice(equals + 1)] as const
  })
}

function decodeName(text: string): string {
  try {
    return decodeArgument(text)
  } catch {
    return text
  }
}

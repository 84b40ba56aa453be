/**
 * compile-schema — makes a check of a schema's text; cold.
 *
 * ajv is loaded with the first schema and not before: whoever does not use the plugin need not pay for it. It fetches
 * nothing: a reference that leads out of the schema is refused here.
 */
import { createRequire } from 'node:module'
import type { Ajv, ErrorObject, Format, Options } from 'ajv'
import { readJson } from './json-text.ts'
import { fromKongSchema } from './kong-schema.ts'
import { addSafeWords, openBudget, patterns } from './safe-words.ts'
import { type Draft, isObject, type Json, prepareSchema } from './schema-walk.ts'

export type Version = Draft | 'kong'

export const SCHEMA_MAX = 1024 * 1024

/** '' when the value conforms, else what does not; throws where the work for it had to be bounded. */
export type Check = (value: unknown) => string

/** Throws an Error that says what is wrong with the schema. */
export function compileSchema(text: string, version: Version): Check {
  const schema = readSchema(text)
  // What Kong's description becomes is written in words of draft 7.
  return version === 'kong' ? compileValue(fromKongSchema(schema), 'draft7') : compileValue(schema, version)
}

/** What `version` means for a schema that is JSON Schema in any case. */
export function draftOf(version: Version): Draft {
  return version === 'kong' ? 'draft4' : version
}

export function readSchema(text: string): Json {
  if (text.length > SCHEMA_MAX) throw new Error(`it is longer than ${SCHEMA_MAX} characters`)
  return readJson(Buffer.from(text)) as Json // all that JSON can be
}

export function compileValue(schema: Json, draft: Draft): Check {
  if (!isObject(schema)) throw new Error('it is to be a JSON object')
  // The schema is itself held against one.
  openBudget()
  const validate = openAjv(draft).compile(prepareSchema(schema, draft) as object) // an object stays one
  return (value) => {
    openBudget()
    return validate(value) ? '' : describe(validate.errors?.[0])
  }
}

const OPTIONS: Options = {
  allErrors: false,
  strict: false,
  // 1e400, which is read as Infinity, is no integer and no number.
  strictNumbers: true,
  // A member named toString is there only where somebody sent one.
  ownProperties: true,
  logger: false,
  code: { regExp: patterns },
}

type AjvClass = { readonly default: new (options: Options) => Ajv }

const BUILDS: Readonly<Record<Draft, string>> = {
  draft4: 'ajv',
  draft6: 'ajv',
  draft7: 'ajv',
  draft201909: 'ajv/dist/2019.js',
  draft202012: 'ajv/dist/2020.js',
}

function openAjv(draft: Draft): Ajv {
  const load = createRequire(import.meta.url)
  // What the packages' own types say of these modules.
  const { default: AjvOfDraft } = load(BUILDS[draft]) as AjvClass
  const { fullFormats } = load('ajv-formats/dist/formats.js') as { fullFormats: Record<string, Format> }
  const ajv = new AjvOfDraft(OPTIONS)
  addSafeWords(ajv, fullFormats)
  return ajv
}

function describe(error: ErrorObject | undefined): string {
  if (error === undefined) return 'it does not conform'
  const where = error.instancePath === '' ? '' : `${error.instancePath} `
  return `${where}${error.message ?? error.keyword}`
}

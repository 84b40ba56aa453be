/**
 * check-body — reads a body and holds it against a schema. Small bodies are checked where they come in, large ones by
 * the offload thread, which knows of no configuration: it is given the schema's text, and keeps what it has compiled.
 */
import { type Check, compileSchema, type Version } from './compile-schema.ts'
import { readJson } from './json-text.ts'

/** Checks that the offload thread keeps; beyond, it starts over. */
const KEPT_MAX = 64

export interface BodyToCheck {
  readonly schema: string
  readonly version: Version
  readonly body: Uint8Array
}

/** '' when the body conforms, else why not. */
export function judgeBody(body: Uint8Array, check: Check): string {
  try {
    return check(readJson(body))
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}

const kept = new Map<string, Check>()

/** The offload task. */
export function checkBody({ schema, version, body }: BodyToCheck): string {
  const key = `${version} ${schema}`
  let check = kept.get(key)
  if (check === undefined) {
    check = compileSchema(schema, version)
    if (kept.size >= KEPT_MAX) kept.clear()
    kept.set(key, check)
  }
  return judgeBody(body, check)
}

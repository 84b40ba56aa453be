/** The body of the request at hand, read as its type says: once, however many names are looked for in it. */
import type { Exchange } from '../../contract/exchange.ts'
import { getField } from '../../http1/fields.ts'
import { listParts, type Part } from '../../http1/forms/multipart.ts'

export const FORM = 'application/x-www-form-urlencoded'
export const JSON_TYPE = 'application/json'
export const MULTIPART = 'multipart/form-data'

const NO_BYTES = Buffer.alloc(0)
const NO_OBJECT: Readonly<Record<string, unknown>> = Object.freeze({})
const NO_PARTS: readonly Part[] = Object.freeze([])

export class RequestBody {
  /** One of the types above, or another one; '' without a body. */
  type = ''
  bytes: Buffer = NO_BYTES
  /** Empty where the body is not a JSON object. */
  object: Readonly<Record<string, unknown>> = NO_OBJECT
  /** Empty where it is not multipart/form-data. */
  parts: readonly Part[] = NO_PARTS
  #x: Exchange | null = null

  /** To be closed before another request is looked at. */
  open(x: Exchange): void {
    if (this.#x === x) return
    this.#x = x
    const bytes = x.requestBody
    if (bytes === null) return
    const type = getField(x.request, 'content-type') ?? ''
    this.bytes = bytes
    this.type = type.split(';', 1)[0]!.trim().toLowerCase()
    if (this.type === JSON_TYPE) this.object = readObject(bytes.toString())
    else if (this.type === MULTIPART) this.parts = listParts(bytes, type)
  }

  /** What is left once a key has been taken out. It is not looked at again. */
  replace(rest: Buffer): void {
    if (this.#x !== null) this.#x.requestBody = rest
  }

  /** Keeps nothing of the request. */
  close(): void {
    this.#x = null
    this.type = ''
    this.bytes = NO_BYTES
    this.object = NO_OBJECT
    this.parts = NO_PARTS
  }
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : NO_OBJECT // what was just looked at
  } catch {
    return NO_OBJECT // no JSON: no key in it
  }
}

/**
 * body-key — a key in the body: of a form, of a JSON object's own members, or a part of multipart/form-data.
 *
 * A body of another type, and one that does not keep to its type, has no key; the target judges it.
 */
import type { Exchange } from '../../contract/exchange.ts'
import { getField } from '../../http1/fields.ts'
import { Argument, decodeArgument } from '../../http1/forms/argument.ts'
import { type Found, NOTHING, ONE, SEVERAL } from './found.ts'
import { listMembers } from './json-members.ts'
import { listParts, type Part } from './multipart.ts'

const FORM = 'application/x-www-form-urlencoded'
const JSON_TYPE = 'application/json'
const MULTIPART = 'multipart/form-data'
const NO_VALUE = Buffer.alloc(0)

export class BodyKey {
  /** The key, once `find` has answered ONE. */
  value: Buffer
  readonly #name: string
  readonly #argument: Argument

  constructor(name: string) {
    this.value = NO_VALUE
    this.#name = name
    this.#argument = new Argument(name)
  }

  find(x: Exchange): Found {
    const body = x.requestBody
    if (body === null) return NOTHING
    switch (typeOf(x)) {
      case FORM:
        return this.#findInForm(body)
      case JSON_TYPE:
        return this.#findInJson(body)
      case MULTIPART:
        return this.#findInParts(body, this.#partsOf(x, body))
      default:
        return NOTHING
    }
  }

  remove(x: Exchange): void {
    const body = x.requestBody
    if (body === null) return
    switch (typeOf(x)) {
      case FORM: {
        const rest = Buffer.from(body)
        x.requestBody = rest.subarray(0, this.#argument.remove(rest, 0, rest.length))
        break
      }
      case JSON_TYPE:
        x.requestBody = this.#withoutMember(body)
        break
      case MULTIPART:
        x.requestBody = without(body, this.#partsOf(x, body))
    }
  }

  #findInForm(body: Buffer): Found {
    const argument = this.#argument
    const count = argument.find(body, 0, body.length)
    if (count !== 1) return count === 0 ? NOTHING : SEVERAL
    if (argument.valueStart < 0) return NOTHING
    const value = Buffer.alloc(argument.valueEnd - argument.valueStart)
    const length = decodeArgument(body, argument.valueStart, argument.valueEnd, value)
    this.value = value.subarray(0, length)
    return ONE
  }

  #findInJson(body: Buffer): Found {
    const object = readObject(body.toString())
    const value = object !== null && Object.hasOwn(object, this.#name) ? object[this.#name] : null
    if (typeof value === 'object' && value !== null) return SEVERAL
    if (typeof value !== 'string') return NOTHING
    this.value = Buffer.from(value)
    return ONE
  }

  #withoutMember(body: Buffer): Buffer {
    const text = body.toString()
    if (readObject(text) === null) return body
    const members = listMembers(text)
    const kept = members.filter((member) => member.name !== this.#name)
    if (kept.length === members.length) return body
    return Buffer.from(`{${kept.map((member) => member.text).join(',')}}`)
  }

  #findInParts(body: Buffer, parts: readonly Part[]): Found {
    const part = parts[0]
    if (part === undefined) return NOTHING
    if (parts.length > 1) return SEVERAL
    this.value = body.subarray(part.valueStart, part.valueEnd)
    return ONE
  }

  #partsOf(x: Exchange, body: Buffer): Part[] {
    const type = getField(x.request, 'content-type') ?? ''
    return listParts(body, type).filter((part) => part.name === this.#name)
  }
}

function typeOf(x: Exchange): string {
  const type = getField(x.request, 'content-type') ?? ''
  return type.split(';', 1)[0]!.trim().toLowerCase()
}

function readObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : null // what was just looked at
  } catch {
    return null // no JSON: no key in it
  }
}

function without(body: Buffer, parts: readonly Part[]): Buffer {
  const kept: Buffer[] = []
  let at = 0
  for (const part of parts) {
    kept.push(body.subarray(at, part.start))
    at = part.end
  }
  return at === 0 ? body : Buffer.concat([...kept, body.subarray(at)])
}

/**
 * body-key — a key in the body: of a form, of a JSON object's own members, or a part of multipart/form-data.
 *
 * A body of another type, and one that does not keep to its type, has no key; the target judges it.
 */
import { Argument, decodeArgument } from '../../http1/forms/argument.ts'
import type { Part } from '../../http1/forms/multipart.ts'
import { type Found, NOTHING, ONE, SEVERAL } from './found.ts'
import { listMembers } from './json-members.ts'
import { FORM, JSON_TYPE, MULTIPART, type RequestBody } from './request-body.ts'

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

  find(body: RequestBody): Found {
    switch (body.type) {
      case FORM:
        return this.#findInForm(body.bytes)
      case JSON_TYPE:
        return this.#findInJson(body.object)
      case MULTIPART:
        return this.#findInParts(body)
      default:
        return NOTHING
    }
  }

  remove(body: RequestBody): void {
    switch (body.type) {
      case FORM:
        return this.#removeFromForm(body)
      case JSON_TYPE:
        return this.#removeFromJson(body)
      case MULTIPART:
        return this.#removeFromParts(body)
    }
  }

  #findInForm(bytes: Buffer): Found {
    const argument = this.#argument
    const count = argument.find(bytes, 0, bytes.length)
    if (count !== 1) return count === 0 ? NOTHING : SEVERAL
    if (argument.valueStart < 0) return NOTHING
    const value = Buffer.alloc(argument.valueEnd - argument.valueStart)
    const length = decodeArgument(bytes, argument.valueStart, argument.valueEnd, value)
    this.value = value.subarray(0, length)
    return ONE
  }

  #removeFromForm(body: RequestBody): void {
    const { bytes } = body
    if (this.#argument.find(bytes, 0, bytes.length) === 0) return
    const rest = Buffer.from(bytes)
    body.replace(rest.subarray(0, this.#argument.remove(rest, 0, rest.length)))
  }

  #findInJson(object: Readonly<Record<string, unknown>>): Found {
    const value = Object.hasOwn(object, this.#name) ? object[this.#name] : null
    if (typeof value === 'object' && value !== null) return SEVERAL
    if (typeof value !== 'string') return NOTHING
    this.value = Buffer.from(value)
    return ONE
  }

  #removeFromJson(body: RequestBody): void {
    if (!Object.hasOwn(body.object, this.#name)) return
    // A byte a character: what is no valid UTF-8 goes on as it came, and the name of a key is ASCII.
    const kept = listMembers(body.bytes.toString('latin1')).filter((member) => member.name !== this.#name)
    body.replace(Buffer.from(`{${kept.map((member) => member.text).join(',')}}`, 'latin1'))
  }

  #findInParts(body: RequestBody): Found {
    const [part, second] = this.#partsOf(body)
    if (part === undefined) return NOTHING
    if (second !== undefined) return SEVERAL
    this.value = body.bytes.subarray(part.valueStart, part.valueEnd)
    return ONE
  }

  #removeFromParts(body: RequestBody): void {
    const parts = this.#partsOf(body)
    if (parts.length === 0) return
    const kept: Buffer[] = []
    let at = 0
    for (const part of parts) {
      kept.push(body.bytes.subarray(at, part.start))
      at = part.end
    }
    body.replace(Buffer.concat([...kept, body.bytes.subarray(at)]))
  }

  #partsOf(body: RequestBody): Part[] {
    return body.parts.filter((part) => part.name === this.#name)
  }
}

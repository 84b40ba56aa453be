/** Whether a request has a header or a query argument of a given name. */
import { getField } from '../../http1/fields.ts'
import type { Head } from '../../http1/head.ts'
import { readArguments } from './arguments.ts'

export class Trigger {
  readonly #name: string
  readonly #lower: string
  readonly #dashed: string

  constructor(name: string) {
    this.#name = name
    this.#lower = name.toLowerCase()
    this.#dashed = this.#lower.replaceAll('_', '-')
  }

  isPulled(request: Head): boolean {
    if (getField(request, this.#lower) !== null) return true
    // As in Kong, `x_debug` also means the header X-Debug.
    if (this.#dashed !== this.#lower && getField(request, this.#dashed) !== null) return true
    return readArguments(queryOf(request)).has(this.#name)
  }
}

/** The query without its question mark, as sent; '' when there is none. */
export function queryOf(request: Head): string {
  if (request.pathEnd >= request.targetEnd) return ''
  return request.bytes.latin1Slice(request.pathEnd + 1, request.targetEnd)
}

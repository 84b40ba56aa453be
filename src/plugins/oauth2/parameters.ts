/** The parameters of a request: of its query and of its body, forms or a JSON object; the body's win, as in Kong. */
import type { Exchange } from '../../contract/exchange.ts'
import { getField } from '../../http1/fields.ts'
import { listParts } from '../../http1/forms/multipart.ts'

/** More are not read; nobody's request has so many. */
const PARAMETERS_MAX = 100

export type Parameter = string | boolean | number | null | readonly unknown[] | object

export class Parameters {
  readonly #values = new Map<string, unknown>()

  constructor(x: Exchange) {
    const { bytes, pathEnd, targetEnd } = x.request
    if (pathEnd < targetEnd) this.#addForm(bytes.toString('latin1', pathEnd + 1, targetEnd))
    const body = x.requestBody
    if (body === null || body.length === 0) return
    const type = typeOf(x)
    if (type === 'application/x-www-form-urlencoded') this.#addForm(body.toString())
    else if (type === 'application/json') this.#addJson(body.toString())
    else if (type === 'multipart/form-data') this.#addParts(body, getField(x.request, 'content-type') ?? '')
  }

  /** Undefined where it is absent. */
  value(name: string): unknown {
    return this.#values.get(name)
  }

  /** Null where it is absent, empty, there twice or no string. */
  text(name: string): string | null {
    const value = this.#values.get(name)
    return typeof value === 'string' && value !== '' ? value : null
  }

  /** Whether it is there, whatever it is; not where it is empty. */
  has(name: string): boolean {
    const value = this.#values.get(name)
    return value !== undefined && value !== null && value !== ''
  }

  #addForm(text: string): void {
    this.#addPairs(new URLSearchParams(text))
  }

  #addParts(body: Buffer, type: string): void {
    this.#addPairs(
      listParts(body, type).map((part) => [part.name, body.toString('utf8', part.valueStart, part.valueEnd)]),
    )
  }

  #addPairs(pairs: Iterable<readonly [name: string, value: string]>): void {
    const own = new Map<string, unknown>()
    for (const [name, value] of pairs) {
      if (own.size >= PARAMETERS_MAX) break
      own.set(name, own.has(name) ? [own.get(name), value] : value)
    }
    for (const [name, value] of own) this.#values.set(name, value)
  }

  #addJson(text: string): void {
    try {
      const value: unknown = JSON.parse(text)
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return
      for (const [name, each] of Object.entries(value).slice(0, PARAMETERS_MAX)) this.#values.set(name, each)
    } catch {
      // no JSON: no parameters in it
    }
  }
}

export function parameterOf(x: Exchange, name: string): string | null {
  return new Parameters(x).text(name)
}

/** The type of the body, in lower case, without parameters; '' without one. */
export function typeOf(x: Exchange): string {
  return (getField(x.request, 'content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase()
}

/**
 * custom-fields — fields that the operator adds to log lines: `custom_fields`, a map of names and templates.
 *
 * The language is request-transformer's. It is worked out in the worker when the exchange is over, so it sees the
 * request as plugins left it. Lua is not run: see `custom_fields_by_lua`.
 */
import type { Exchange } from '../contract/exchange.ts'
import { s, type Value } from '../contract/schema.ts'
import { TemplateError } from '../templates/lua-value.ts'
import { ConfiguredValue } from '../transform/configured-value.ts'
import { RequestNames } from '../transform/request-names.ts'

/** Of one plugin. */
const FIELDS_MAX = 100

function templateProblem(value: Value): string | null {
  const { problem } = new ConfiguredValue(String(value), true)
  return problem === '' ? null : `the template can't be read: ${problem}`
}

/** Kong's own exports have it, empty. */
function luaProblem(value: Value): string | null {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return null
  return 'Lua is not run here: use custom_fields, a map of names and templates such as $(headers["x-tenant"])'
}

/** For the schema of a log plugin. */
export const customFields = {
  custom_fields: s.map(s.string({ len_min: 1 }), s.string({ len_min: 0, custom: templateProblem }), {
    len_max: FIELDS_MAX,
    says: "Fields to add to the record, by name: templates as request-transformer has them. One that comes to nothing takes Kong's field of that name out. A dot makes objects in objects; `\\.` is a dot.",
  }),
  custom_fields_by_lua: s.map(s.string({ len_min: 1 }), s.string({ len_min: 1 }), {
    custom: luaProblem,
    says: "Kong's snippets of Lua, which are not run: a configuration that has any is refused. See `custom_fields`.",
  }),
} as const

/** Told of a template that could not be worked out, once. */
export type SayProblem = (field: string, problem: string) => void

export class CustomFields {
  readonly #names: RequestNames
  readonly #values: readonly ConfiguredValue[]
  /** Names and values in turn; used for every exchange. */
  readonly #extras: (string | null)[]
  readonly #say: SayProblem
  #hasSaid: boolean

  constructor(fields: Readonly<Record<string, string>>, say: SayProblem) {
    const entries = Object.entries(fields)
    this.#names = new RequestNames()
    this.#values = entries.map(([, source]) => new ConfiguredValue(source, true))
    this.#extras = entries.flatMap(([name, source]) => [name, source === '' ? null : source])
    this.#say = say
    this.#hasSaid = false
  }

  /** For LogSink.put, which copies it: valid until the next call. */
  extrasOf(x: Exchange): readonly (string | null)[] {
    this.#names.open(x)
    for (let i = 0; i < this.#values.length; i++) {
      const value = this.#values[i]!
      if (!value.isConstant) this.#extras[2 * i + 1] = this.#render(value, this.#extras[2 * i]!)
    }
    this.#names.close()
    return this.#extras
  }

  /** Nothing, too, where it can't be worked out: a log must not fail for a header that is missing. */
  #render(value: ConfiguredValue, name: string): string | null {
    try {
      value.render(this.#names)
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      if (!this.#hasSaid) this.#say(name, error.message)
      this.#hasSaid = true
      return null
    }
    return value.text === '' ? null : fromBytes(value.text)
  }
}

/** From a character a byte. */
function fromBytes(text: string): string {
  return /[^ -~]/.test(text) ? Buffer.from(text, 'latin1').toString() : text
}

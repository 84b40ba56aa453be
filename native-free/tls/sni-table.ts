/** sni-table — finds what a server name means: exact, then `*.parent`, then `name.*`, then `*` (Kong's order). */

export class SniTable<T> {
  readonly #byName: ReadonlyMap<string, T>

  constructor(byName: ReadonlyMap<string, T>) {
    this.#byName = byName
  }

  /** `name` as the client sent it. Null: no entry is for it. */
  find(name: string): T | null {
    const lower = lowered(name)
    const exact = this.#byName.get(lower)
    if (exact !== undefined) return exact
    return this.#ofParent(lower) ?? this.#withAnyEnd(lower) ?? this.#byName.get('*') ?? null
  }

  #ofParent(name: string): T | undefined {
    const dot = name.indexOf('.')
    return dot <= 0 ? undefined : this.#byName.get(`*${name.slice(dot)}`)
  }

  #withAnyEnd(name: string): T | undefined {
    const dot = name.lastIndexOf('.')
    return dot <= 0 ? undefined : this.#byName.get(`${name.slice(0, dot)}.*`)
  }
}

/** The name as certificates and routes have it: lower case, no dot at its end. */
export function lowered(name: string): string {
  const lower = name.toLowerCase()
  return lower.endsWith('.') ? lower.slice(0, -1) : lower
}

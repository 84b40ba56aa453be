/** request-names — what the names in a template stand for: the request as it came, and what plugins share. */
import type { Exchange } from '../contract/exchange.ts'
import { getFields } from '../http1/fields.ts'
import type { Environment } from '../templates/evaluator.ts'
import { LuaList, type LuaTable, type LuaValue, toBytes } from '../templates/lua-value.ts'
import { readForm } from './form.ts'

const TABLES = ['headers', 'query_params', 'uri_captures', 'shared'] as const

export class RequestNames implements Environment {
  #x: Exchange | null = null
  #query: ReadonlyMap<string, LuaValue> | null = null
  readonly #tables: ReadonlyMap<string, LuaTable>

  constructor() {
    const getters: Readonly<Record<(typeof TABLES)[number], (key: string | number) => LuaValue>> = {
      headers: (key) => this.#header(key),
      query_params: (key) => this.#argument(key),
      uri_captures: (key) => this.#capture(key),
      shared: (key) => this.#shared(key),
    }
    this.#tables = new Map(TABLES.map((name) => [name, { type: 'table', length: 0, get: getters[name] }]))
  }

  /** To be closed: the exchange is only lent. */
  open(x: Exchange): void {
    this.#x = x
    this.#query = null
  }

  close(): void {
    this.#x = null
    this.#query = null
  }

  global(name: string): LuaValue | undefined {
    return this.#tables.get(name)
  }

  /** As in Kong, case does not count, and an underscore stands for a dash. */
  #header(key: string | number): LuaValue {
    if (this.#x === null || typeof key === 'number') return null
    const name = key.toLowerCase()
    const values = getFields(this.#x.request, name)
    if (values.length === 0 && name.includes('_'))
      return listed(getFields(this.#x.request, name.replaceAll('_', '-')))
    return listed(values)
  }

  #argument(key: string | number): LuaValue {
    if (this.#x === null || typeof key === 'number') return null
    this.#query ??= readQuery(this.#x)
    return this.#query.get(key) ?? null
  }

  #capture(key: string | number): LuaValue {
    const captures = this.#x?.captures ?? null
    if (captures === null) return null
    if (typeof key === 'number') return captures.numbered[key] ?? null
    return Object.hasOwn(captures.named, key) ? (captures.named[key] ?? null) : null
  }

  #shared(key: string | number): LuaValue {
    const value = this.#x?.notes?.get(String(key))
    if (typeof value === 'number' || typeof value === 'boolean') return value
    return typeof value === 'string' ? toBytes(value) : null
  }
}

function listed(values: readonly LuaValue[]): LuaValue {
  return values.length > 1 ? new LuaList(values) : (values[0] ?? null)
}

/** An argument without an equals sign is true, as in Kong. */
function readQuery(x: Exchange): Map<string, LuaValue> {
  const lists = new Map<string, LuaValue[]>()
  for (const { name, value } of readForm(queryOf(x), null)) {
    const list = lists.get(name ?? '')
    if (list === undefined) lists.set(name ?? '', [value ?? true])
    else list.push(value ?? true)
  }
  return new Map([...lists].map(([name, list]) => [name, listed(list)]))
}

/** As it came, without its question mark. */
export function queryOf(x: Exchange): string {
  const head = x.request
  return head.pathEnd < head.targetEnd ? head.bytes.latin1Slice(head.pathEnd + 1, head.targetEnd) : ''
}

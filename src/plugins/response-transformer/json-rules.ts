/** json-rules — the configured rules for members of JSON answers, with values of the types that they name. */
import { toBytes } from '../../templates/lua-value.ts'
import type { Edits, Pair } from '../../transform/edits.ts'
import { jsonText } from '../../transform/json.ts'
import { splitPair } from '../../transform/pair.ts'
import type { Config } from './schema.ts'

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** Null where there are no rules. */
export function makeJsonEdits(config: Config): Edits | null {
  const edits = {
    remove: config.remove.json.map((entry) => toBytes(splitPair(entry)[0])),
    rename: config.rename.json.map(splitPair).map(([from, to]): Pair => [toBytes(from), toBytes(to)]),
    replace: typed(config.replace),
    add: typed(config.add),
    append: typed(config.append),
  }
  const { remove, rename, replace, add, append } = edits
  return remove.length + rename.length + replace.length + add.length + append.length === 0 ? null : edits
}

/** One whose value is not of its type is passed over, as in Kong. */
function typed(rules: { readonly json: readonly string[]; readonly json_types: readonly string[] }): Pair[] {
  const pairs: Pair[] = []
  for (const [i, entry] of rules.json.entries()) {
    const [name, value] = splitPair(entry)
    const text = cast(value, rules.json_types[i] ?? 'string')
    if (text !== null) pairs.push([toBytes(name), text])
  }
  return pairs
}

/** As JSON; null where it can't be. Digits stay as they are written. */
function cast(value: string, type: string): string | null {
  if (type === 'boolean') return value === 'true' ? 'true' : 'false'
  if (type === 'string') return jsonText(toBytes(value))
  const text = value.trim()
  if (JSON_NUMBER.test(text)) return text
  const number = text === '' ? Number.NaN : Number(text)
  return Number.isFinite(number) ? String(number) : null
}

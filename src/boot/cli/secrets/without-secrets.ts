/** without-secrets — a plugin's configuration as it may be shown: on a screen, in a ticket. */
import type { Field, Value } from '../../../contract/schema.ts'

const HIDDEN = '<hidden>'

/** What is null is left out, on the first level; what its schema takes for a secret, or from a vault, is not said. */
export function withoutSecrets(config: Readonly<Record<string, Value>>, schema: Field): object {
  const shown: [string, Value][] = []
  for (const [name, value] of Object.entries(config))
    if (value !== null) shown.push([name, shownOf(value, schema.fields?.[name])])
  return Object.fromEntries(shown)
}

function shownOf(value: Value, field: Field | undefined): Value {
  if (field === undefined || value === null) return value
  if (field.encrypted === true || field.referenceable === true) return value === '' ? value : HIDDEN
  if (Array.isArray(value)) return value.map((each) => shownOf(each, field.elements))
  if (typeof value !== 'object') return value
  const entries = Object.entries(value)
  return Object.fromEntries(
    entries.map(([name, each]) => [name, shownOf(each, field.fields?.[name] ?? field.values)]),
  )
}

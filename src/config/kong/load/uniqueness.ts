/** Finds entities that claim the same id, name or place. */
import type { Value } from '../../../contract/schema.ts'
import { ENTITY } from '../../problems.ts'
import { foreignFields } from '../schema/entity.ts'
import type { Draft, Findings } from './draft.ts'

export function checkUniqueness(drafts: readonly Draft[], findings: Findings): void {
  const seen = new Set<string>()
  for (const draft of drafts) {
    const clashes = draft.definition.unique.filter((fields) => isTaken(draft, fields, seen))
    for (const fields of clashes) sayTaken(draft, fields, findings)
    const primary = `${draft.definition.name}\n${draft.id}`
    // An id that was derived from the fields just complained about says nothing new.
    if (seen.has(primary) && !(draft.derived && clashes.length > 0)) {
      const { name } = draft.definition
      const at = draft.derived ? draft.path : [...draft.path, 'id']
      findings.say(
        at,
        `uniqueness violation: '${name}' entity with primary key set to '${draft.id}' already declared`,
      )
    }
    seen.add(primary)
  }
}

function isTaken(draft: Draft, fields: readonly string[], seen: Set<string>): boolean {
  const { definition, entity, raw } = draft
  const values = fields.map((field) => entity[field] ?? null)
  // Something was written there and could not be taken, a reference to nobody for one: what it claims is not known.
  if (fields.some((field, i) => values[i] === null && (raw[field] ?? null) !== null)) return false
  // Alone, or as what leads a set, null is no claim.
  if (values[0] === null) return false
  const claimed = values.length === 1 ? String(values[0]) : JSON.stringify(values)
  const claim = `${definition.name}\n${fields[0]}\n${claimed}`
  if (seen.has(claim)) return true
  seen.add(claim)
  return false
}

function sayTaken(draft: Draft, fields: readonly string[], findings: Findings): void {
  const { definition, entity, path } = draft
  const field = fields[0]!
  if (fields.length === 1) {
    // A secret is never said: what is said ends in logs.
    const isSecret = definition.schema.fields?.[field]?.encrypted === true
    const shown = isSecret ? 'the same secret' : `'${String(entity[field])}'`
    const said = `'${definition.name}' entity with ${field} set to ${shown} already declared`
    findings.say([...path, field], `uniqueness violation: ${said}`)
    return
  }
  const foreign = foreignFields(definition)
  const shown = [...fields]
    .sort()
    .filter((name) => name !== 'consumer_group' || (entity[name] ?? null) !== null)
    .map((name) => `${name}=${luaText(entity[name] ?? null, foreign.has(name))}`)
  findings.say([...path, ENTITY], `UNIQUE violation detected on '{${shown.join(',')}}'`)
}

/** Kong shows keys the way Lua would write them. */
function luaText(value: Value, isForeign: boolean): string {
  if (value === null) return 'null'
  return isForeign ? `{id="${String(value)}"}` : `"${String(value)}"`
}

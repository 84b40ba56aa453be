/**
 * edits — what a transformer's rules do to named values, be they arguments of a query or a form, or members of a JSON
 * object: remove, rename, replace, add and append, in this order.
 *
 * Plain data, so that another thread can be given them. Texts have a character a byte.
 */

export type Pair = readonly [name: string, value: string]

export interface Edits {
  readonly remove: readonly string[]
  /** Old names and new ones. What had the new name before is gone. */
  readonly rename: readonly Pair[]
  /** What is not there is not replaced, and what is there is not added. */
  readonly replace: readonly Pair[]
  readonly add: readonly Pair[]
  readonly append: readonly Pair[]
}

export interface Entry {
  /** Null: a run of entries that no rule names, kept in `raw`. */
  name: string | null
  /** Null: none, where the format knows such. */
  value: string | null
  /** As it came; '' once it is changed. */
  raw: string
}

/** How a format adds a value under a name that may be there: `last` is the last entry of it. */
export type Append = (entries: Entry[], last: Entry | null, pair: Pair) => void

/** All names that the rules speak of. */
export function namesIn(edits: Edits): Set<string> {
  const names = new Set(edits.remove)
  for (const [from, to] of edits.rename) names.add(from).add(to)
  for (const [name] of edits.replace) names.add(name)
  for (const [name] of edits.add) names.add(name)
  for (const [name] of edits.append) names.add(name)
  return names
}

/** What is left of `entries`, which it also changes. Null: no rule had anything to do. */
export function applyEdits(entries: Entry[], edits: Edits, append: Append): Entry[] | null {
  let current = entries
  let changed = false
  for (const name of edits.remove) {
    if (!has(current, name)) continue
    current = current.filter((entry) => entry.name !== name)
    changed = true
  }
  for (const [from, to] of edits.rename) {
    if (from === to || !has(current, from)) continue
    current = renamed(current, from, to)
    changed = true
  }
  for (const pair of edits.replace) {
    if (!has(current, pair[0])) continue
    current = replaced(current, pair)
    changed = true
  }
  for (const [name, value] of edits.add) {
    if (has(current, name)) continue
    current.push({ name, value, raw: '' })
    changed = true
  }
  for (const pair of edits.append) {
    append(current, current.findLast((entry) => entry.name === pair[0]) ?? null, pair)
    changed = true
  }
  return changed ? current : null
}

function has(entries: readonly Entry[], name: string): boolean {
  return entries.some((entry) => entry.name === name)
}

function renamed(entries: readonly Entry[], from: string, to: string): Entry[] {
  const kept = entries.filter((entry) => entry.name !== to)
  for (const entry of kept) {
    if (entry.name !== from) continue
    entry.name = to
    entry.raw = ''
  }
  return kept
}

/** One value in place of all that had the name. */
function replaced(entries: readonly Entry[], [name, value]: Pair): Entry[] {
  const first = entries.find((entry) => entry.name === name)
  return entries
    .filter((entry) => entry.name !== name || entry === first)
    .map((entry) => (entry === first ? { name, value, raw: '' } : entry))
}

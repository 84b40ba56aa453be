/** pair — the `name:value` of a transformer's rule, and how Kong words what is wrong with one. */

/** The value is '' where there is none. Several colons behind the name count as one, as in Kong. */
export function splitPair(entry: string): [name: string, value: string] {
  const colon = entry.indexOf(':')
  if (colon < 0) return [entry, '']
  return [entry.slice(0, colon), entry.slice(colon).replace(/^:+/, '')]
}

const HEADER_NAME = /^[A-Za-z0-9_-]+$/

/** What is wrong with an entry that begins with a header's name, or null. */
export function headerProblem(entry: unknown): string | null {
  const [name] = splitPair(String(entry))
  return HEADER_NAME.test(name) ? null : `'${name}' is not a valid header`
}

/** The same of an entry whose value is a header's name too. */
export function headersProblem(entry: unknown): string | null {
  const [, value] = splitPair(String(entry))
  const problem = headerProblem(entry)
  if (problem !== null) return problem
  return HEADER_NAME.test(value) ? null : `'${value}' is not a valid header`
}

/** What is wrong with an entry that must have a value, or null. */
export function valueProblem(entry: unknown): string | null {
  const [name, value] = splitPair(String(entry))
  return name === '' || value === '' ? `key '${name}' has no value` : null
}

/** What Kong says of an entry that must have a colon behind a name. */
export function colonProblem(entry: unknown): string | null {
  return /^[^:]+:/.test(String(entry)) ? null : `invalid value: ${String(entry)}`
}

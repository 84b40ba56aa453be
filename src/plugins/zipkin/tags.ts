/** tags — what a client's header says that the span of its request is to be tagged with: `name=value; other=value`. */

const TAGS_MAX = 32
/** Of a name and a value, each. */
const LENGTH_MAX = 256

/** What is not of this form is passed over, and so are tags of the gateway's own prefixes. */
export function readTags(field: string | readonly string[] | undefined): Record<string, string> {
  const tags: Record<string, string> = {}
  if (field === undefined) return tags
  const text = typeof field === 'string' ? field : field.join(';')
  let count = 0
  for (const part of text.split(';')) {
    const equals = part.indexOf('=')
    if (equals < 0) continue
    const name = part.slice(0, equals).trim()
    if (name === '' || isOurs(name) || count++ >= TAGS_MAX) continue
    tags[name.slice(0, LENGTH_MAX)] = part
      .slice(equals + 1)
      .trim()
      .slice(0, LENGTH_MAX)
  }
  return tags
}

/** A client does not say who it is, or that it failed. */
function isOurs(name: string): boolean {
  return (
    name === '__proto__' ||
    name === 'error' ||
    name === 'lc' ||
    name.startsWith('kong.') ||
    name.startsWith('http.')
  )
}

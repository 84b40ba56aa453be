/**
 * The members of a JSON object as they are written, so that one can be taken out and the rest stay as they came:
 * numbers too large for a double, their digits, the order, names that stand twice.
 */

export interface Member {
  readonly name: string
  /** Name, colon and value. */
  readonly text: string
}

/** `text` is valid JSON, and an object. */
export function listMembers(text: string): Member[] {
  const members: Member[] = []
  let at = skipSpace(text, text.indexOf('{') + 1)
  while (text[at] === '"') {
    const nameEnd = endOfString(text, at)
    const name: unknown = JSON.parse(text.slice(at, nameEnd))
    const end = endOfValue(text, skipSpace(text, nameEnd) + 1)
    members.push({ name: String(name), text: text.slice(at, end) })
    at = skipSpace(text, text[end] === ',' ? end + 1 : end)
  }
  return members
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++
  return at
}

/** Behind the quote that ends the string which begins at `from`. */
function endOfString(text: string, from: number): number {
  let at = from + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

/** Where the comma or the brace stands that ends the value. */
function endOfValue(text: string, from: number): number {
  let depth = 0
  let at = from
  while (at < text.length) {
    const char = text[at]
    if (depth === 0 && (char === ',' || char === '}')) return at
    if (char === '"') {
      at = endOfString(text, at)
      continue
    }
    if (char === '{' || char === '[') depth++
    else if (char === '}' || char === ']') depth--
    at++
  }
  return at
}

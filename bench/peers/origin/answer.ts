/** The origin's answer, the same whichever program gives it: JSON of a size, with nine fields. */

/** The server adds Server, Date, Connection and Content-Length; Content-Type is below. */
export const answerFields: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-cache',
  ETag: '"abc123"',
  'X-Frame-Options': 'DENY',
  Vary: 'Accept-Encoding',
}

export const answerType = 'application/json'

const BEFORE = '{"items":['
const AFTER = '],"rest":"'
const END = '"}'

/** Exactly so many bytes of JSON: a list of items, and a filling. */
export function answerBody(bytes: number): string {
  let left = bytes - BEFORE.length - AFTER.length - END.length
  if (left < 0) return '1'.repeat(bytes)
  const items: string[] = []
  for (let id = 0; ; id++) {
    const item = `${id === 0 ? '' : ','}${JSON.stringify({ id, name: `item number ${id}`, price: id * 1.5 })}`
    if (item.length > left) break
    items.push(item)
    left -= item.length
  }
  return BEFORE + items.join('') + AFTER + '.'.repeat(left) + END
}

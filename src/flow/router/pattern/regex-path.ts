/** A configured regex path in the terms of normalised requests: %XX stands for what a request's %XX turns into. */

const KEPT = "!*'();:@&=+$,/?%#[]"
const META = /[\\^$.[\]|()?*+{}]/

/** '%41' becomes 'A', '%2e' '\.', '%2f' '%2F'. */
export function normalizeRegexPath(source: string): string {
  return source.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => {
    const bytes = Buffer.from(run.replaceAll('%', ''), 'hex')
    let text = ''
    let rest: number[] = []
    for (const byte of bytes) {
      if (byte >= 128) {
        rest.push(byte)
        continue
      }
      text += Buffer.from(rest).toString() + decoded(byte)
      rest = []
    }
    return text + Buffer.from(rest).toString()
  })
}

function decoded(byte: number): string {
  const char = String.fromCharCode(byte)
  if (KEPT.includes(char)) return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  return META.test(char) ? `\\${char}` : char
}

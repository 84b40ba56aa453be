/** The text that every match of a pattern must begin with, by which the router files the route in its tree. */

const STOPS = '\\^$.[]|()?*+{}'

/** '' when nothing is certain. Never longer than what is certain: a route filed too deep would be lost. */
export function literalPrefix(source: string): string {
  if (source.includes('\\Q') || hasTopBar(source)) return ''
  let prefix = ''
  let i = source.startsWith('^') ? 1 : 0
  while (i < source.length) {
    let char = String.fromCodePoint(source.codePointAt(i)!)
    let width = char.length
    if (char === '\\') {
      char = source[i + 1] ?? ''
      width = 2
      // An escaped letter or digit is a class, a code or an assertion.
      if (!/^[!-/:-@[-`{-~]$/.test(char)) break
    } else if (STOPS.includes(char)) break
    const next = source[i + width]
    if (next === '?' || next === '*' || next === '{') break
    prefix += char
    i += width
    if (next === '+') break
  }
  return prefix
}

/** True when '|' stands outside of groups and classes; when in doubt too. */
function hasTopBar(source: string): boolean {
  let depth = 0
  for (let i = 0; i < source.length; i++) {
    const char = source[i]
    if (char === '\\') i++
    else if (char === '[') {
      const end = /^\[\^?\]?(?:[^\\[\]]|\\.)*\]/s.exec(source.slice(i))?.[0]
      // A bracket inside the brackets: which one closes is not for us to say.
      if (end === undefined) return source.includes('|')
      i += end.length - 1
    } else if (char === '(') depth++
    else if (char === ')') depth--
    else if (char === '|' && depth <= 0) return true
  }
  return false
}

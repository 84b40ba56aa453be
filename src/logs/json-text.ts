/** json-text — strings as JSON, fast where nothing in them has to be escaped, which is nearly always. */

const ESCAPED = /["\\\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/
const HIDDEN = /[\u007f-\u009f\u2028\u2029]/g

/** One line whatever is in it: no control stands raw, and no half of a pair. */
export function quote(text: string): string {
  return ESCAPED.test(text) ? quoteAll(text) : `"${text}"`
}

/** JSON leaves raw what some readers take for the end of a line, or a terminal for a command. */
function quoteAll(text: string): string {
  return JSON.stringify(text).replace(HIDDEN, escapeCode)
}

function escapeCode(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}

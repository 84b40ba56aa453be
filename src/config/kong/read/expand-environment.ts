/** Expands deck's `${{ env "DECK_X" }}` in the text of a configuration, keeping track of where things stood before. */
import type { TextFinding } from './yaml-document.ts'

export interface Expanded {
  readonly text: string
  readonly textFindings: readonly TextFinding[]
  /** The offset in the original text of an offset in the expanded one. */
  originalOffset(offset: number): number
}

interface Splice {
  /** Where the value begins in the expanded text, and how far behind the original text goes on. */
  readonly start: number
  readonly length: number
  readonly originalStart: number
  readonly originalLength: number
}

const MARK = /\$\{\{\s*(.*?)\s*\}\}/g
/** The functions deck pipes a variable through only change its Go type, which YAML does not see. */
const CALL = /^env\s+(?:"([^"]+)"|`([^`]+)`|'([^']+)')(?:\s*\|\s*(?:toBool|toInt|toFloat))?$/

export function expandEnvironment(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): Expanded {
  if (!text.includes('${{')) return { text, textFindings: [], originalOffset: (offset) => offset }
  const splices: Splice[] = []
  const textFindings: TextFinding[] = []
  let out = ''
  let last = 0
  for (const match of text.matchAll(MARK)) {
    const value = lookUp(match[1]!, environment)
    if ('message' in value) textFindings.push({ offset: match.index, message: value.message })
    const put = 'message' in value ? '' : value.text
    out += text.slice(last, match.index)
    last = match.index + match[0].length
    splices.push({
      start: out.length,
      length: put.length,
      originalStart: match.index,
      originalLength: match[0].length,
    })
    out += put
  }
  out += text.slice(last)
  return { text: out, textFindings, originalOffset: (offset) => originalOffset(splices, offset) }
}

function lookUp(
  call: string,
  environment: Readonly<Record<string, string | undefined>>,
): { text: string } | { message: string } {
  const match = CALL.exec(call)
  if (match === null) return { message: `only \${{ env "DECK_…" }} is understood, not '${call}'` }
  const name = match[1] ?? match[2] ?? match[3]!
  if (!name.startsWith('DECK_')) {
    return {
      message: `environment variables in the state file must be prefixed with 'DECK_', found: '${name}'`,
    }
  }
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined
  if (value === undefined) {
    return { message: `environment variable '${name}' present in state file but not set` }
  }
  return { text: value }
}

function originalOffset(splices: readonly Splice[], offset: number): number {
  let shift = 0
  for (const splice of splices) {
    if (offset < splice.start) break
    if (offset < splice.start + splice.length) return splice.originalStart
    shift = splice.originalStart + splice.originalLength - (splice.start + splice.length)
  }
  return offset + shift
}

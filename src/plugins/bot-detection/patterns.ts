/**
 * patterns — the operator's regular expressions, in the syntax of RE2: none of them can hang a worker.
 *
 * The time of one look is linear in the User-Agent and in the pattern's size, which is bounded here.
 */
import { RE2JS } from 're2js'
import type { Value } from '../../contract/schema.ts'

/** Characters of a pattern, and instructions that it may come to. */
const SOURCE_MAX = 2048
const PROGRAM_MAX = 1000

export interface AgentPattern {
  /** True when it is found anywhere in the text. Upper and lower case differ. */
  test(text: string): boolean
}

export function makePatterns(sources: readonly string[]): AgentPattern[] {
  return sources.map((source) => RE2JS.compile(source))
}

/** Says what is wrong, beginning in Kong's words; null for a pattern that can be used. */
export function patternRule(value: Value): string | null {
  const source = String(value)
  if (source.length > SOURCE_MAX) return `not a valid regex: longer than ${SOURCE_MAX} characters`
  try {
    const size = RE2JS.compile(source).programSize()
    return size > PROGRAM_MAX ? `not a valid regex: ${source} (compiled it exceeds the size limit)` : null
  } catch (error) {
    return `not a valid regex: ${source} (${error instanceof Error ? error.message : String(error)})`
  }
}

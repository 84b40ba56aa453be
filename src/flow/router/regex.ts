/**
 * regex — patterns written by others, matched in time linear in the text, so that none can hang a worker.
 *
 * WHAT    re2js decides what a pattern means and matches the path's bytes, as UTF-8. For a pattern that safe-regex
 *         can prove linear, V8's engine does the same work faster, on paths of ASCII only. Patterns are those of RE2,
 *         which are those of the engine behind Kong's default flavour: no look-around, no back-references.
 *
 * LIMITS  SOURCE_MAX characters a pattern and PROGRAM_MAX instructions of RE2, since its time is linear in them: the
 *         worst pattern that is let in takes a fifth of a second on the longest path, 8 KiB, and most microseconds.
 *
 * HOT     `matchStart` runs for each regex path that a request reaches. With V8 it does not allocate.
 */
import { type Matcher, RE2JS } from 're2js'
import type { RegExpCaptures } from '../../contract/plan.ts'
import { reasonOf, refusal } from './pattern/refusal.ts'
import { type SafePattern, safePattern } from './pattern/safe-regex.ts'

export const SOURCE_MAX = 2048
export const PROGRAM_MAX = 1000

export class Regex {
  readonly source: string
  /** Number of capturing groups. */
  readonly groups: number
  /** Which engine sees paths of ASCII. */
  readonly engine: 'v8' | 're2'
  /** Instructions of RE2; 0 for V8, whose patterns safe-regex bounds: their RE2 form must never be refused later. */
  readonly programSize: number
  readonly #names: ReadonlyMap<string, number>
  readonly #sticky: RegExp
  /** Made on first use when V8 does the most of the work. */
  #matcher: Matcher | null

  constructor(source: string, safe: SafePattern | null) {
    this.source = source
    this.engine = safe === null ? 're2' : 'v8'
    this.#sticky = new RegExp(safe === null ? '(?!)' : safe.js, 'y')
    this.#matcher = safe === null ? compileRe2(source).matcher(NOTHING) : null
    this.programSize = safe === null ? this.#re2().programSize() : 0
    this.groups = safe === null ? this.#re2().groupCount() : safe.groups
    this.#names = safe === null ? new Map(Object.entries(this.#re2().namedGroups())) : safe.names
  }

  #re2(): RE2JS {
    return this.#openMatcher().pattern()
  }

  #openMatcher(): Matcher {
    this.#matcher ??= compileRe2(this.source).matcher(NOTHING)
    return this.#matcher
  }

  /**
   * How many of the bytes [start, end) match from the start on, or -1. `ascii` is the same path as a string when it is
   * of ASCII only, else ''.
   */
  matchStart(bytes: Buffer, start: number, end: number, ascii: string): number {
    if (ascii !== '' && this.engine === 'v8') {
      const sticky = this.#sticky
      sticky.lastIndex = 0
      return sticky.test(ascii) ? sticky.lastIndex : -1
    }
    const matcher = this.#openMatcher()
    matcher.resetMatcherInput(bytes.subarray(start, end))
    const length = matcher.lookingAt() ? matcher.end() : -1
    matcher.resetMatcherInput(NOTHING)
    return length
  }

  /** The groups of the match that `matchStart` has just found in the same path. Allocates. */
  makeCaptures(bytes: Buffer, start: number, end: number, ascii: string): RegExpCaptures {
    const numbered = this.#makeGroups(bytes.subarray(start, end), ascii)
    const named: Record<string, string> = {}
    for (const [name, group] of this.#names) {
      const value = numbered[group]
      if (value !== undefined) named[name] = value
    }
    return { numbered, named }
  }

  #makeGroups(path: Buffer, ascii: string): (string | undefined)[] {
    if (ascii !== '' && this.engine === 'v8') {
      this.#sticky.lastIndex = 0
      return Array.from(this.#sticky.exec(ascii) ?? [])
    }
    const matcher = this.#re2().matcher(path)
    if (!matcher.lookingAt()) return []
    const numbered: (string | undefined)[] = []
    for (let group = 0; group <= this.groups; group++) {
      const from = matcher.start(group)
      numbered.push(from < 0 ? undefined : path.latin1Slice(from, matcher.end(group)))
    }
    return numbered
  }

  /** True when the pattern is found anywhere in `text`. */
  test(text: string): boolean {
    return this.#re2().test(text)
  }
}

const NOTHING = new Uint8Array(0)

/** Throws an Error with the reason when the pattern is bad, or asks for what a linear-time engine can't do. */
export function compileRegex(source: string): Regex {
  if (source.length > SOURCE_MAX) throw refusal(source, `longer than ${SOURCE_MAX} characters`)
  const regex = new Regex(source, safePattern(source))
  if (regex.programSize > PROGRAM_MAX) throw refusal(source, 'compiled regex exceeds size limit')
  return regex
}

function compileRe2(source: string): RE2JS {
  try {
    return RE2JS.compile(source)
  } catch (cause) {
    throw refusal(source, reasonOf(source, cause))
  }
}

/**
 * safe-regex — whether a pattern is so simple that V8's backtracking engine can't waste time on it, and its V8 form.
 *
 * WHAT    Accepted: literals, escaped punctuation, classes, '.', \d \w \s and their opposites, groups, '^' first, '$'
 *         last, a leading (?i), and repeats of single characters, under two rules that leave the engine one way to go:
 *           1. what may follow a repeat that can stop early can't begin with a character the repeat takes, and the
 *              same for an optional group;
 *           2. of several alternatives at most one can fit: they begin with different characters, or they are plain
 *              words of which none begins with another.
 *         Each step back then fails on its first character, so the work is linear in the text. Repeated groups,
 *         alternatives that may be empty and everything not named here is left to the linear-time engine.
 *
 * LIMITS  The V8 form holds for texts of ASCII only: every set of characters is written out as those of the first
 *         128 that belong to it by RE2's rules, so the two engines can't differ in what '.', \s or (?i) mean.
 */
import { type GroupPiece, PatternReader, type Piece, write } from './pattern-reader.ts'

export interface SafePattern {
  /** For `new RegExp(…)`, without '^'. */
  readonly js: string
  /** Number of capturing groups. */
  readonly groups: number
  /** Numbers of those that have a name. */
  readonly names: ReadonlyMap<string, number>
}

/** The same pattern for V8, or null when it is not provably linear. What is accepted here, RE2 accepts too. */
export function safePattern(source: string): SafePattern | null {
  const reader = new PatternReader(source)
  const branches = reader.branches(0)
  if (branches === null || reader.at !== source.length) return null
  const [only, more] = branches
  if (only === undefined || more !== undefined || !isDeterministic(only, 0n)) return null
  const js = write(only) + (reader.anchoredEnd ? '$' : '')
  return { js, groups: reader.groups, names: reader.names }
}

/** Rules 1 and 2, from the end to the start. `follow` is what may come behind the last piece. */
function isDeterministic(pieces: readonly Piece[], follow: bigint): boolean {
  let after = follow
  for (let i = pieces.length - 1; i >= 0; i--) {
    const piece = pieces[i]!
    const starts = firstOf([piece])
    const open = 'mask' in piece ? piece.min !== piece.max : piece.optional
    if (open && (starts & after) !== 0n) return false
    if (!('mask' in piece) && !isGroupDeterministic(piece, after)) return false
    after = canBeEmpty(piece) ? starts | after : starts
  }
  return true
}

function isGroupDeterministic({ branches, optional }: GroupPiece, follow: bigint): boolean {
  if (branches.length > 1 ? !areApart(branches) : optional && isEmptyable(branches)) return false
  return branches.every((branch) => isDeterministic(branch, follow))
}

function areApart(branches: readonly (readonly Piece[])[]): boolean {
  if (isEmptyable(branches)) return false
  const words = branches.map(wordOf)
  if (words.every((word) => word !== null))
    return !words.some((word, i) => words.some((other, k) => i !== k && isPrefix(word, other)))
  let seen = 0n
  for (const branch of branches) {
    const starts = firstOf(branch)
    if ((starts & seen) !== 0n) return false
    seen |= starts
  }
  return true
}

/** The sets of a branch that is a fixed row of them, else null. */
function wordOf(branch: readonly Piece[]): bigint[] | null {
  const masks: bigint[] = []
  for (const piece of branch) {
    if (!('mask' in piece) || piece.min !== 1 || piece.max !== 1) return null
    masks.push(piece.mask)
  }
  return masks
}

/** True when some text that fits `other` can begin with one that fits `word`. */
function isPrefix(word: readonly bigint[], other: readonly bigint[]): boolean {
  return word.length <= other.length && word.every((mask, i) => (mask & other[i]!) !== 0n)
}

function canBeEmpty(piece: Piece): boolean {
  return 'mask' in piece ? piece.min === 0 : piece.optional || isEmptyable(piece.branches)
}

function isEmptyable(branches: readonly (readonly Piece[])[]): boolean {
  return branches.some((branch) => branch.every(canBeEmpty))
}

function firstOf(pieces: readonly Piece[]): bigint {
  let mask = 0n
  for (const piece of pieces) {
    if ('mask' in piece) mask |= piece.mask
    else for (const branch of piece.branches) mask |= firstOf(branch)
    if (!canBeEmpty(piece)) break
  }
  return mask
}

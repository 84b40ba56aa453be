/** Reads a pattern of the accepted grammar (safe-regex.ts) into pieces; anything else ends the reading with null. */
import { ALL, ANY, classOf, folded, isSingle, SHORT, single } from './char-set.ts'

export type Piece = SetPiece | GroupPiece
/** One character out of `mask`, bit by character code, `min` to `max` times. */
export interface SetPiece {
  readonly mask: bigint
  readonly min: number
  readonly max: number
  readonly js: string
}
export interface GroupPiece {
  readonly branches: readonly (readonly Piece[])[]
  readonly optional: boolean
  readonly js: string
}

/** For all of a pattern together, so that its RE2 form stays small as well. RE2 allows 1000 a repeat. */
const REPEATS_MAX = 400
const OPENING = /\((?:\?(?::|P?<([A-Za-z_]\w*)>))?(?!\?)/y
const REPEAT = /(?:[?*+]|\{\d{1,4}(?:,\d{0,4})?\})\??/y
const META = '\\^$.[]|()?*+{}'

const NESTING_MAX = 8

export class PatternReader {
  readonly source: string
  readonly folds: boolean
  readonly names: Map<string, number>
  at: number
  anchoredEnd: boolean
  groups: number
  /** What counted repeats add up to. */
  repeats: number

  constructor(source: string) {
    this.source = source
    this.folds = source.startsWith('(?i)')
    this.at = this.folds ? 4 : 0
    if (source[this.at] === '^') this.at++
    this.anchoredEnd = false
    this.groups = 0
    this.names = new Map()
    this.repeats = 0
  }

  /** Alternatives up to ')' or the end; null for anything outside the accepted grammar. */
  branches(depth: number): Piece[][] | null {
    const found: Piece[][] = [[]]
    while (this.at < this.source.length) {
      const char = this.source[this.at]!
      if (char === ')' && depth > 0) return found
      if (char === '|') {
        found.push([])
        this.at++
      } else if (char === '$') {
        if (depth > 0 || this.at !== this.source.length - 1) return null
        this.at++
        this.anchoredEnd = true
      } else {
        const piece = char === '(' ? this.#group(depth) : this.#set()
        if (piece === null) return null
        found.at(-1)!.push(piece)
      }
    }
    return depth > 0 ? null : found
  }

  #group(depth: number): GroupPiece | null {
    OPENING.lastIndex = this.at
    const opening = OPENING.exec(this.source)
    if (opening === null || depth === NESTING_MAX) return null
    this.at += opening[0].length
    const captures = opening[0] !== '(?:'
    if (captures) this.groups++
    if (opening[1] !== undefined) {
      if (this.names.has(opening[1])) return null
      this.names.set(opening[1], this.groups)
    }
    const branches = this.branches(depth + 1)
    if (branches === null) return null
    this.at++
    const optional = this.source[this.at] === '?'
    if (optional) this.at++
    if ('?*+{'.includes(this.source[this.at] ?? ' ')) return null
    const inner = branches.map(write).join('|')
    return { branches, optional, js: `${captures ? '(' : '(?:'}${inner})${optional ? '?' : ''}` }
  }

  #set(): SetPiece | null {
    const mask = this.source[this.at] === '[' ? this.#classMask() : this.#fold(this.#oneMask(META))
    if (mask === null || mask === 0n) return null
    REPEAT.lastIndex = this.at
    const repeat = REPEAT.exec(this.source)?.[0] ?? ''
    this.at += repeat.length
    if ('?*+{'.includes(this.source[this.at] ?? ' ')) return null
    const [min, max] = bounds(repeat)
    if (min > max) return null
    if (repeat !== '') this.repeats += max === Infinity ? min : max
    if (this.repeats > REPEATS_MAX) return null
    return { mask, min, max, js: classOf(mask) + repeat }
  }

  /** One character or escape; null for one of `refused` standing bare and for whatever is not plain ASCII. */
  #oneMask(refused: string): bigint | null {
    const char = this.source[this.at]!
    if (char === '\\') {
      const next = this.source[this.at + 1] ?? ''
      this.at += 2
      if (SHORT[next] !== undefined) return SHORT[next]
      return /^[!-/:-@[-`{-~]$/.test(next) ? single(next) : null
    }
    this.at++
    if (char === '.' && refused === META) return ANY
    return refused.includes(char) || char < ' ' || char > '~' ? null : single(char)
  }

  #classMask(): bigint | null {
    this.at++
    const negated = this.source[this.at] === '^'
    if (negated) this.at++
    let mask = 0n
    for (let first = true; first || this.source[this.at] !== ']'; first = false) {
      if (this.at >= this.source.length) return null
      if (this.source[this.at] === '-') {
        // First or last, a dash is itself.
        if (!first && this.source[this.at + 1] !== ']') return null
        mask |= single('-')
        this.at++
        continue
      }
      const low = this.#oneMask('[]-')
      if (low === null) return null
      mask |= low
      if (this.source[this.at] !== '-' || this.source[this.at + 1] === ']') continue
      this.at++
      const high = this.#oneMask('[]-')
      if (high === null || !isSingle(low) || !isSingle(high) || high < low) return null
      mask |= (high << 1n) - low
    }
    this.at++
    // Case goes before the opposite: (?i)[^a] takes neither a nor A.
    if (this.folds) mask = folded(mask)
    return negated ? ALL & ~mask : mask
  }

  #fold(mask: bigint | null): bigint | null {
    return mask !== null && this.folds ? folded(mask) : mask
  }
}

export function write(pieces: readonly Piece[]): string {
  return pieces.map((piece) => piece.js).join('')
}

function bounds(repeat: string): [min: number, max: number] {
  const sign = repeat[0]
  if (sign === undefined) return [1, 1]
  if (sign !== '{') return [sign === '+' ? 1 : 0, sign === '?' ? 1 : Infinity]
  const [low, high] = repeat.slice(1, repeat.indexOf('}')).split(',')
  return [Number(low), high === undefined ? Number(low) : high === '' ? Infinity : Number(high)]
}

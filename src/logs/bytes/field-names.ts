/**
 * field-names — the names of header fields that the log thread has seen, in lower case and as JSON, by their bytes.
 *
 * LIMITS  NAMES_MAX are remembered, none longer than LENGTH_MAX: a client that makes up names does not fill the memory.
 */
import { quote } from '../json-text.ts'

const NAMES_MAX = 4096
const LENGTH_MAX = 100
const SLOTS = 8192
/** A name that is not found in so many slots is not remembered. */
const PROBES_MAX = 8

export class FieldName {
  /** As it was sent. */
  readonly sent: string
  readonly lower: string
  /** `"lower":` */
  readonly json: string
  /** Of all that have the same lower-case form, the one that was first: by it repeated fields are known. */
  readonly first: FieldName
  /** False: whoever finds it again finds another one. */
  readonly isKept: boolean
  /** The number of the block of fields in which it stood last. */
  block: number

  constructor(sent: string, first: FieldName | null, isKept: boolean) {
    this.sent = sent
    this.lower = sent.toLowerCase()
    this.json = `${quote(this.lower)}:`
    this.first = first ?? this
    this.isKept = isKept
    this.block = 0
  }
}

export class FieldNames {
  readonly #slots: (FieldName | null)[] = new Array<FieldName | null>(SLOTS).fill(null)
  readonly #byLower = new Map<string, FieldName>()
  #count = 0

  /** `hash`: of the bytes [start, end), by whatever rule, always the same. */
  find(bytes: Buffer, start: number, end: number, hash: number): FieldName {
    let slot = hash & (SLOTS - 1)
    for (let probe = 0; probe < PROBES_MAX; probe++) {
      const known = this.#slots[slot]!
      if (known === null) break
      if (isSame(known.sent, bytes, start, end)) return known
      slot = (slot + 1) & (SLOTS - 1)
    }
    return this.#make(bytes.latin1Slice(start, end), slot)
  }

  #make(sent: string, slot: number): FieldName {
    const first = this.#byLower.get(sent.toLowerCase()) ?? null
    const isKept = this.#slots[slot] === null && this.#count < NAMES_MAX && sent.length <= LENGTH_MAX
    const made = new FieldName(sent, first, isKept)
    if (!isKept) return made
    this.#slots[slot] = made
    if (first === null) this.#byLower.set(made.lower, made)
    this.#count++
    return made
  }
}

function isSame(sent: string, bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  if (sent.length !== length) return false
  for (let i = 0; i < length; i++) if (sent.charCodeAt(i) !== bytes[start + i]) return false
  return true
}

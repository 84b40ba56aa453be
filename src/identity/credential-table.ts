/**
 * credential-table — finds a credential by a secret value in one look-up, and tells a guesser nothing by its time.
 *
 * WHAT    An open hash table with two places for each value. A slot has the value's fingerprint under a key made at
 *         (re)load, so that nobody outside can aim at a slot, and the credential's place:
 *
 *           slots  | fingerprint a | fingerprint b | place + 1; 0: empty |      int32
 *           values | all values, one behind the other                    |      bytes; offsets: where each begins
 *
 *         What agrees in all 64 bits of the fingerprint is compared whole, every byte, whether or not one differs.
 *
 * LIMITS  Longer values than the longest it knows are refused unread: their length is all that time can tell.
 *
 * HOT     `find` runs once a request with a key. No allocation, no string.
 */
import { Fingerprint, type FingerprintSeed } from '../base/fingerprint.ts'
import type { Credential, CredentialIndex } from '../contract/identity/identities.ts'

const WORDS = 3

export class CredentialTable implements CredentialIndex {
  readonly lengthMax: number
  readonly #seed: FingerprintSeed
  readonly #print: Fingerprint
  readonly #slots: Int32Array
  readonly #mask: number
  readonly #values: Buffer
  readonly #offsets: Int32Array
  readonly #credentials: readonly Credential[]

  /** By what `field` of each holds; those where it is not text, or empty, are left out. `seed`: of this load alone. */
  constructor(credentials: readonly Credential[], field: string, seed: FingerprintSeed) {
    const known = credentials.filter((credential) => isText(credential.read(field)))
    const values = known.map((credential) => Buffer.from(String(credential.read(field))))
    this.#seed = seed
    this.#print = new Fingerprint()
    this.#credentials = known
    this.#values = Buffer.concat(values)
    this.#offsets = new Int32Array(values.length + 1)
    let longest = 0
    values.forEach((value, i) => {
      this.#offsets[i + 1] = this.#offsets[i]! + value.length
      longest = Math.max(longest, value.length)
    })
    this.lengthMax = longest
    let size = 2
    while (size < 2 * values.length) size *= 2
    this.#mask = size - 1
    this.#slots = new Int32Array(WORDS * size)
    values.forEach((value, place) => {
      this.#openSlot(value, place)
    })
  }

  #openSlot(value: Buffer, place: number): void {
    this.#print.setBytes(this.#seed, value, 0, value.length)
    let slot = this.#print.a & this.#mask
    while (this.#slots[WORDS * slot + 2] !== 0) slot = (slot + 1) & this.#mask
    this.#slots[WORDS * slot] = this.#print.a
    this.#slots[WORDS * slot + 1] = this.#print.b
    this.#slots[WORDS * slot + 2] = place + 1
  }

  find(bytes: Uint8Array, start: number, end: number): Credential | null {
    if (end <= start || end - start > this.lengthMax) return null
    const print = this.#print
    const slots = this.#slots
    print.setBytes(this.#seed, bytes, start, end)
    let slot = print.a & this.#mask
    for (;;) {
      const at = WORDS * slot
      const place = slots[at + 2]! - 1
      if (place < 0) return null
      if (slots[at] === print.a && slots[at + 1] === print.b && this.#isAt(place, bytes, start, end))
        return this.#credentials[place]!
      slot = (slot + 1) & this.#mask
    }
  }

  #isAt(place: number, bytes: Uint8Array, start: number, end: number): boolean {
    const values = this.#values
    const from = this.#offsets[place]!
    if (this.#offsets[place + 1]! - from !== end - start) return false
    let different = 0
    for (let i = start; i < end; i++) different |= bytes[i]! ^ values[from + i - start]!
    return different === 0
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

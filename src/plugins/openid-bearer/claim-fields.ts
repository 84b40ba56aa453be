/** claim-fields — the header fields that tell a target what a token claims, of claims that are named and no others. */
import type { AddedField } from '../../http1/added-field.ts'
import { makeConstantField, removeField } from '../../http1/fields.ts'
import { type Head, STRIDE } from '../../http1/head.ts'
import { makeFieldValue } from '../../identity/identity-fields.ts'
import type { Members } from '../../identity/jose/strict-json.ts'
import { memberOf } from '../../identity/jose/token.ts'

/** A claim that comes to more is left out: targets have bounds too. */
const VALUE_LENGTH_MAX = 4096

export class ClaimFields {
  readonly #claims: readonly (readonly [header: string, claim: string])[]
  readonly #folded: ReadonlySet<string>
  /** Most fields of a request are passed over by them. */
  readonly #lengths: ReadonlySet<number>

  constructor(headers: Readonly<Record<string, string>>) {
    this.#claims = Object.entries(headers)
    this.#folded = new Set(this.#claims.map(([header]) => fold(header)))
    this.#lengths = new Set(this.#claims.map(([header]) => header.length))
  }

  /** Takes out what a client says under these names, or under the same with underscores. */
  drop(head: Head): void {
    if (this.#claims.length === 0) return
    const names = new Set<string>()
    for (let row = 0; row < head.count; row++) {
      const length = head.spans[row * STRIDE + 1]! - head.spans[row * STRIDE]!
      if (this.#lengths.has(length) && !head.isDropped(row)) names.add(head.nameAt(row).toLowerCase())
    }
    for (const field of head.added) names.add(field.name.toLowerCase())
    for (const name of names) if (this.#folded.has(fold(name))) removeField(head, name)
  }

  /** Texts, numbers and booleans as they are; lists of texts joined by commas; everything else as JSON. */
  makeFields(claims: Members): AddedField[] {
    const fields: AddedField[] = []
    for (const [header, claim] of this.#claims) {
      const value = memberOf(claims, claim)
      if (value === undefined || value === null) continue
      const text = makeFieldValue(textOf(value))
      if (text.length <= VALUE_LENGTH_MAX) fields.push(makeConstantField(header, text))
    }
    return fields
  }
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  const isList = Array.isArray(value) && value.every((each) => typeof each === 'string')
  return isList ? value.join(',') : JSON.stringify(value)
}

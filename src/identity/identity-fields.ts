/**
 * identity-fields — the header fields that tell a target who asks, and how a client's own of those names are taken out.
 *
 * A target behind the gateway believes these fields, so what a client sends under their names never gets through where
 * somebody is authenticated. The same with underscores is taken out as well: to CGI, WSGI and their like
 * `X_Consumer_ID` and `X-Consumer-ID` are one.
 *
 * HOT     `dropIdentity` runs once an authenticated request.
 */
import type { Consumer } from '../contract/plan.ts'
import type { AddedField } from '../http1/added-field.ts'
import { TOKEN } from '../http1/chars.ts'
import { makeConstantField } from '../http1/fields.ts'
import { DROPPED, type Head, STRIDE } from '../http1/head.ts'

const CONSUMER_ID = 'X-Consumer-ID'
const CONSUMER_CUSTOM_ID = 'X-Consumer-Custom-ID'
const CONSUMER_USERNAME = 'X-Consumer-Username'
const CREDENTIAL_IDENTIFIER = 'X-Credential-Identifier'
const ANONYMOUS = 'X-Anonymous-Consumer'

const names = [CONSUMER_ID, CONSUMER_CUSTOM_ID, CONSUMER_USERNAME, CREDENTIAL_IDENTIFIER, ANONYMOUS].map(
  (name) => name.toLowerCase(),
)
/** 1 for a length that one of them has: most fields of a request are passed over by it. */
const LENGTHS = new Uint8Array(64)
for (const name of names) LENGTHS[name.length] = 1

const X = 120
const DASH = 45
const UNDERSCORE = 95

/** The fields of a consumer, and of its credential; `identifier` null: it has come without one. */
export function makeIdentityFields(consumer: Consumer, identifier: string | null): AddedField[] {
  const fields = [makeField(CONSUMER_ID, consumer.id)]
  if (consumer.customId !== null) fields.push(makeField(CONSUMER_CUSTOM_ID, consumer.customId))
  if (consumer.username !== null) fields.push(makeField(CONSUMER_USERNAME, consumer.username))
  if (identifier === null) fields.push(makeField(ANONYMOUS, 'true'))
  else if (identifier !== '') fields.push(makeField(CREDENTIAL_IDENTIFIER, identifier))
  return fields
}

function makeField(name: string, text: string): AddedField {
  return makeConstantField(name, makeFieldValue(text))
}

/** UTF-8 on the wire. A control byte, which no value may hold, goes as %XX. */
export function makeFieldValue(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replace(
      /[\x00-\x08\x0a-\x1f\x7f]/g,
      (char) => `%${Buffer.from(char, 'latin1').toString('hex').toUpperCase()}`,
    )
}

export function dropIdentity(head: Head): void {
  const spans = head.spans
  for (let row = 0; row < head.count; row++) {
    const at = row * STRIDE
    const length = spans[at + 1]! - spans[at]!
    if (length < 64 && LENGTHS[length] === 1 && isIdentity(head.bytes, spans[at]!, length))
      spans[at + 4] = DROPPED
  }
  if (head.added.length !== 0) dropAdded(head.added)
}

function isIdentity(bytes: Uint8Array, start: number, length: number): boolean {
  if (TOKEN[bytes[start]!] !== X) return false
  for (let i = 0; i < names.length; i++)
    if (names[i]!.length === length && isName(names[i]!, bytes, start)) return true
  return false
}

function isName(name: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < name.length; i++) if (folded(bytes[start + i]!) !== name.charCodeAt(i)) return false
  return true
}

/** A byte of a name in lower case, an underscore as a dash. */
function folded(byte: number): number {
  return byte === UNDERSCORE ? DASH : (TOKEN[byte] ?? 0)
}

/** What a plugin before this one has set. */
function dropAdded(added: AddedField[]): void {
  let kept = 0
  for (let i = 0; i < added.length; i++) {
    const field = added[i]!
    if (!isIdentityName(field.name)) added[kept++] = field
  }
  added.length = kept
}

function isIdentityName(text: string): boolean {
  if (text.length >= 64 || LENGTHS[text.length] !== 1) return false
  for (let i = 0; i < names.length; i++) if (isSameName(names[i]!, text)) return true
  return false
}

function isSameName(name: string, text: string): boolean {
  if (name.length !== text.length) return false
  for (let i = 0; i < name.length; i++) if (folded(text.charCodeAt(i)) !== name.charCodeAt(i)) return false
  return true
}

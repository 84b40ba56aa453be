/**
 * records — what of codes and tokens is kept in the state. Nothing of it lets anybody in: a key is the SHA-256 of what
 * the client holds.
 *
 *           oauth2/code/HASH      a grant, whose it is and what it is bound to; 300 seconds
 *           oauth2/access/HASH    a grant and its end; or that it is revoked
 *           oauth2/refresh/HASH   a grant and its family; or that it was used
 *           oauth2/family/ID      which access and refresh token are the last of a row of renewals
 */
import { sha256 } from './proofs.ts'

/** What somebody was allowed. */
export interface Grant {
  /** The id of the oauth2_credential. */
  readonly credential: string
  /** The id of the service it is for; null: of every one. */
  readonly service: string | null
  readonly scope: string | null
  readonly user: string | null
}

export interface CodeRecord extends Grant {
  /** The id of the plugin that made it. */
  readonly plugin: string
  readonly challenge: string | null
}

export interface AccessRecord extends Grant {
  /** Milliseconds since 1970; 0: never. */
  readonly ends: number
}

export interface RefreshRecord extends Grant {
  readonly family: string
  /** The key of the access token that came with it. */
  readonly access: string
}

/** In the place of a token that is over, so that who comes with it again is known. */
export interface Spent {
  readonly spent: true
  readonly family: string
}

export interface FamilyRecord {
  readonly access: string
  readonly refresh: string
}

export type Kind = 'code' | 'access' | 'refresh'

export function keyOf(kind: Kind, token: string): string {
  return `oauth2/${kind}/${sha256(token).toString('base64url')}`
}

export function familyKey(id: string): string {
  return `oauth2/family/${id}`
}

export function pack(record: object): Uint8Array {
  return Buffer.from(JSON.stringify(record))
}

/** What `pack` made of a record of this kind: nobody else writes under these keys. */
export function unpack<T>(bytes: Uint8Array | null): T | null {
  return bytes === null ? null : (JSON.parse(Buffer.from(bytes).toString()) as T)
}

export function isSpent(record: object): record is Spent {
  return 'spent' in record
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const TOKEN_LENGTH = 32
/** The largest multiple of 62 in a byte: above it, some letters would come more often. */
const FAIR = 248

/** 32 letters and digits, as Kong's. */
export function makeToken(random: (count: number) => Buffer): string {
  let token = ''
  while (token.length < TOKEN_LENGTH)
    for (const byte of random(2 * TOKEN_LENGTH))
      if (byte < FAIR && token.length < TOKEN_LENGTH) token += LETTERS[byte % LETTERS.length]
  return token
}

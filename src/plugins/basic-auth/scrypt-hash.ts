/**
 * scrypt-hash — a password's hash as text: `$scrypt$ln=14,r=8,p=5$<salt>$<hash>`, both in base64 without padding.
 *
 * The form that passlib and others write too (PHC string format; scrypt: RFC 7914). It has its own salt, so it is bound
 * to no consumer.
 *
 * LIMITS  What one check may cost is bounded by WORK_MAX, and with it the memory, 128 bytes for each N·r.
 */

/** What `sluice hash-password` makes: 16 MiB, and OWASP's least. */
export const COST: ScryptCost = { ln: 14, r: 8, p: 5 }
export const SALT_BYTES = 16
export const HASH_BYTES = 32

export interface ScryptCost {
  /** The logarithm of N. */
  readonly ln: number
  readonly r: number
  readonly p: number
}

export interface ScryptHash extends ScryptCost {
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

/** N·r·p: up to half a second and 128 MiB. */
const WORK_MAX = 2 ** 20
const LN_MAX = 17
const SALT_BYTES_MIN = 8
const BYTES_MIN = 16
const BYTES_MAX = 64

const PREFIX = '$scrypt$'
const FORM = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,5})\$([A-Za-z0-9+/]{1,86})\$([A-Za-z0-9+/]{1,86})$/

/** Whether it is meant as one. No hash of Kong's begins so. */
export function isScrypt(text: string): boolean {
  return text.charCodeAt(0) === 36 && text.startsWith(PREFIX)
}

/** Null: it is none, or asks for more than is given. */
export function parseScrypt(text: string): ScryptHash | null {
  const parts = FORM.exec(text)
  if (parts === null) return null
  const cost = { ln: Number(parts[1]), r: Number(parts[2]), p: Number(parts[3]) }
  const salt = Buffer.from(parts[4]!, 'base64')
  const hash = Buffer.from(parts[5]!, 'base64')
  const isLong = salt.length >= SALT_BYTES_MIN && hash.length >= BYTES_MIN
  const isShort = salt.length <= BYTES_MAX && hash.length <= BYTES_MAX
  return isPayable(cost) && isLong && isShort ? { ...cost, salt, hash } : null
}

function isPayable({ ln, r, p }: ScryptCost): boolean {
  return ln >= 1 && ln <= LN_MAX && r >= 1 && p >= 1 && workOf({ ln, r, p }) <= WORK_MAX
}

export function workOf({ ln, r, p }: ScryptCost): number {
  return 2 ** ln * r * p
}

/** A rule on the password of a credential; null where it says nothing against it. */
export function scryptProblem(text: string): string | null {
  if (!isScrypt(text) || parseScrypt(text) !== null) return null
  return 'a password that begins with $scrypt$ is a hash, as `sluice hash-password` prints one; this is none, or costs too much'
}

export function formatScrypt({ ln, r, p, salt, hash }: ScryptHash): string {
  return `${PREFIX}ln=${ln},r=${r},p=${p}$${base64(salt)}$${base64(hash)}`
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}

/**
 * check-scrypt — whether a password is the one that a hash was made of. A task: it runs where it holds up nobody.
 *
 * And what makes such a hash, for the command line.
 */
import { scryptSync, timingSafeEqual } from 'node:crypto'
import {
  COST,
  formatScrypt,
  HASH_BYTES,
  SALT_BYTES,
  type ScryptCost,
  type ScryptHash,
} from './scrypt-hash.ts'

export interface Asked {
  readonly password: Uint8Array
  readonly known: ScryptHash
}

export function checkScrypt({ password, known }: Asked): boolean {
  const hash = derive(password, known.salt, known.hash.length, known)
  return timingSafeEqual(hash, known.hash)
}

/** `random`: that many random bytes. */
export function makeScrypt(password: Uint8Array, random: (count: number) => Uint8Array, cost = COST): string {
  const salt = random(SALT_BYTES)
  return formatScrypt({ ...cost, salt, hash: derive(password, salt, HASH_BYTES, cost) })
}

function derive(password: Uint8Array, salt: Uint8Array, count: number, { ln, r, p }: ScryptCost): Buffer {
  const n = 2 ** ln
  // Node asks for more than what is at work: a quarter is enough for the parallel blocks.
  const maxmem = 128 * r * (n + p) + 1024 * 1024
  return scryptSync(password, salt, count, { N: n, r, p, maxmem })
}

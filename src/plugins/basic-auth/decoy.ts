/**
 * decoy — what a wrong answer is checked against, so that it takes the time of a right one that is checked.
 *
 * Where one credential has a hash that costs a quarter of a second, a refusal costs as much whomever it names: of a
 * credential without such a hash, of nobody. Hashes should be of one cost; the decoy has that of the dearest.
 */
import type { Identities } from '../../contract/identity/identities.ts'
import {
  formatScrypt,
  HASH_BYTES,
  isScrypt,
  parseScrypt,
  SALT_BYTES,
  type ScryptHash,
  workOf,
} from './scrypt-hash.ts'

/** One for all configurations of a plan, which share its identities. */
const known = new WeakMap<Identities, string>()

/** '' where no credential has a costly hash. */
export function decoyOf(identities: Identities, random: (count: number) => Uint8Array): string {
  let decoy = known.get(identities)
  if (decoy === undefined) {
    const dearest = dearestOf(identities)
    decoy = dearest === null ? '' : disguise(dearest, random)
    known.set(identities, decoy)
  }
  return decoy
}

function disguise(dearest: ScryptHash, random: (count: number) => Uint8Array): string {
  return formatScrypt({ ...dearest, salt: random(SALT_BYTES), hash: random(HASH_BYTES) })
}

function dearestOf(identities: Identities): ScryptHash | null {
  let dearest: ScryptHash | null = null
  for (const credential of identities.credentials('basicauth_credentials')) {
    const password = credential.read('password')
    if (typeof password !== 'string' || !isScrypt(password)) continue
    const hash = parseScrypt(password)
    if (hash !== null && (dearest === null || workOf(hash) > workOf(dearest))) dearest = hash
  }
  return dearest
}

/**
 * The field names the gateway itself acts on, as small integers, so that no string is made to recognise them.
 *
 * HOT     `nameId` runs once a field. The hash is folded while the name is checked byte by byte; here it is one
 *         table look-up and one comparison of the bytes.
 */
import { TOKEN } from './chars.ts'

const list = [
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'expect',
  'upgrade',
  'te',
  'trailer',
  'keep-alive',
  'proxy-connection',
  'proxy',
  'via',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-path',
  'x-forwarded-prefix',
  'x-real-ip',
  'x-kong-request-id',
  'accept',
  'content-type',
  'server',
  'date',
  'cookie',
  'user-agent',
  'authorization',
  'http2-settings',
  'kong-debug',
  'set-cookie',
] as const

export type KnownName = (typeof list)[number]

/** Ids are 1 to 30, so that a set of them fits one small integer as bits. 0 is any other name. */
export const OTHER = 0
export const id: Readonly<Record<KnownName, number>> = Object.freeze(
  Object.fromEntries(list.map((name, i) => [name, i + 1])),
) as Record<KnownName, number>

/** The bit of an id in `Head.present`. */
export function bit(name: KnownName): number {
  return 1 << id[name]
}

export const HASH_START = 5381
const SLOTS = 1024
const table = new Uint8Array(SLOTS)
const names: Uint8Array[] = [new Uint8Array(0)]

/** The fold of one lower-cased byte into a name's hash. Kept in step with the loop in head.ts. */
export function fold(hash: number, byte: number): number {
  return ((hash << 5) + hash + byte) | 0
}

for (const name of list) {
  const bytes = Buffer.from(name, 'latin1')
  let hash = HASH_START
  for (const byte of bytes) hash = fold(hash, byte)
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1)
  if (table[slot] !== 0) throw new Error(`two known names share slot ${slot}: ${name}`)
  table[slot] = names.length
  names.push(bytes)
}

/** The id of the name in bytes [start, end), whose fold is `hash`; OTHER when it is not a known one. */
export function nameId(bytes: Uint8Array, start: number, end: number, hash: number): number {
  const found = table[(hash ^ (hash >>> 15)) & (SLOTS - 1)]!
  if (found === 0) return OTHER
  const name = names[found]!
  if (name.length !== end - start) return OTHER
  for (let i = 0; i < name.length; i++) if (TOKEN[bytes[start + i]!] !== name[i]) return OTHER
  return found
}

/**
 * static-table — the 61 fields that both ends of every HTTP/2 connection know (RFC 7541 Appendix A), as bytes.
 *
 * HOT     Positions are read once a field; `staticName` is one look-up and mostly one comparison.
 */

const PSEUDO = [
  ':authority',
  ':method=GET',
  ':method=POST',
  ':path=/',
  ':path=/index.html',
  ':scheme=http',
  ':scheme=https',
  ':status=200',
  ':status=204',
  ':status=206',
  ':status=304',
  ':status=400',
  ':status=404',
  ':status=500',
]

const NAMES =
  'accept-charset accept-encoding=gzip,_deflate accept-language accept-ranges accept access-control-allow-origin ' +
  'age allow authorization cache-control content-disposition content-encoding content-language content-length ' +
  'content-location content-range content-type cookie date etag expect expires from host if-match ' +
  'if-modified-since if-none-match if-range if-unmodified-since last-modified link location max-forwards ' +
  'proxy-authenticate proxy-authorization range referer refresh retry-after server set-cookie ' +
  'strict-transport-security transfer-encoding user-agent vary via www-authenticate'

const fields = [...PSEUDO, ...NAMES.replace('_', '\n').split(' ')].map((field) => {
  const [name = '', value = ''] = field.split('=')
  return [name, value.replace('\n', ' ')] as const
})

export const STATIC_COUNT = fields.length
export const STATUS_INDEX = 8

/** All names and values, one after the other. */
export const STATIC_BYTES = Buffer.from(fields.flat().join(''), 'latin1')

/** By index, which begins with 1: where the name starts, where the value starts; the next name starts at its end. */
export const STATIC_NAME = new Uint16Array(STATIC_COUNT + 2)
export const STATIC_VALUE = new Uint16Array(STATIC_COUNT + 2)

/** The lower-case form of each byte. */
export const LOWER = new Uint8Array(256).map((_, byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte))

const SLOTS = 256
/** By hash: the first index with that name, or 0. */
const slots = new Uint8Array(SLOTS)

let at = 0
fields.forEach(([name, value], i) => {
  STATIC_NAME[i + 1] = at
  STATIC_VALUE[i + 1] = at + name.length
  at += name.length + value.length
  STATIC_NAME[i + 2] = at
  addName(i + 1)
})

function addName(index: number): void {
  const start = STATIC_NAME[index]!
  const end = STATIC_VALUE[index]!
  const hash = nameHash(STATIC_BYTES, start, end)
  if (staticName(STATIC_BYTES, start, end, hash) !== 0) return
  let slot = hash & (SLOTS - 1)
  while (slots[slot] !== 0) slot = (slot + 1) & (SLOTS - 1)
  slots[slot] = index
}

/** Of a name in any case: length and four of its bytes, which tell apart nearly all names in use. */
export function nameHash(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  if (length === 0) return 0
  const first = LOWER[bytes[start]!]!
  const third = LOWER[bytes[start + (length >> 2)]!]!
  const middle = LOWER[bytes[start + (length >> 1)]!]!
  const final = LOWER[bytes[end - 1]!]!
  const mixed = Math.imul((first << 24) ^ (third << 17) ^ (middle << 10) ^ (final << 4) ^ length, 0x9e3779b1)
  return mixed >>> 16
}

/** The first index of a name in any case, or 0. */
export function staticName(bytes: Uint8Array, start: number, end: number, hash: number): number {
  let slot = hash & (SLOTS - 1)
  for (;;) {
    const index = slots[slot]!
    if (index === 0) return 0
    if (isName(bytes, start, end, index)) return index
    slot = (slot + 1) & (SLOTS - 1)
  }
}

function isName(bytes: Uint8Array, start: number, end: number, index: number): boolean {
  let at = STATIC_NAME[index]!
  if (STATIC_VALUE[index]! - at !== end - start) return false
  for (let i = start; i < end; i++) if (LOWER[bytes[i]!] !== STATIC_BYTES[at++]) return false
  return true
}

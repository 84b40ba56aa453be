/**
 * cidr — sets of addresses and networks, for trusted_ips, ip-restriction and the like (as Kong).
 *
 * An IPv4 address lies in ::ffff:0:0/96, so `::ffff:10.0.0.1` and `10.0.0.1` are the same.
 * A wider IPv6 network holds no IPv4 address, as in nginx: trusting `::/0` trusts nobody who came by IPv4.
 */
import { AddressReader } from './cidr/address-reader.ts'
import { type AddressRange, CidrRanges } from './cidr/cidr-ranges.ts'

/** The bits before an IPv4 address. */
const V4_BITS = 96

const reader = new AddressReader()

/** The 16 bytes of an address, or null when the text is none. Zone ids are ignored. */
export function parseAddress(text: string): Uint8Array | null {
  if (!reader.read(text)) return null
  const words = [reader.a, reader.b, reader.c, reader.d]
  return Uint8Array.from(words.flatMap((word) => [word >>> 24, word >>> 16, word >>> 8, word]))
}

/** Throws RangeError naming the text that is no address, network or `unix:`. */
export class CidrSet {
  readonly #ranges: CidrRanges
  readonly #unix: boolean

  constructor(texts: readonly string[]) {
    const networks = texts.filter((text) => text !== 'unix:').map(parseNetwork)
    const v4 = networks.filter((network) => network.isV4)
    const v6 = networks.filter((network) => !network.isV4)
    this.#ranges = new CidrRanges(v4, v6)
    this.#unix = texts.includes('unix:')
  }

  get isEmpty(): boolean {
    return this.#ranges.isEmpty && !this.#unix
  }

  has(address: string): boolean {
    if (!reader.read(address)) return this.#unix && address === 'unix:'
    return this.#ranges.has(reader)
  }
}

interface Network extends AddressRange {
  readonly isV4: boolean
}

function parseNetwork(text: string): Network {
  const [address = '', bits, more] = text.split('/')
  const width = address.includes(':') ? 128 : 32
  const size = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN
  if (!reader.read(address) || more !== undefined || !(size <= width))
    throw new RangeError(`not an address or network: '${text}'`)
  const isV4 = reader.isV4 && size + 128 - width >= V4_BITS
  const length = isV4 ? 32 : 128
  const held = BigInt(width - size)
  const words = [reader.a, reader.b, reader.c, reader.d]
  const whole = words.reduce((sum, word) => (sum << 32n) | BigInt(word >>> 0), 0n)
  const first = (BigInt.asUintN(length, whole) >> held) << held
  return { isV4, first, last: first | ((1n << held) - 1n) }
}

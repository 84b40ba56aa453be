/**
 * cidr — sets of addresses and networks, for trusted_ips and the like (as Kong).
 *
 * Addresses are compared as 16 bytes; an IPv4 one lies in ::ffff:0:0/96, so `::ffff:10.0.0.1` and `10.0.0.1` are
 * the same.
 * A wider IPv6 network holds no IPv4 address, as in nginx: trusting `::/0` trusts nobody who came by IPv4.
 */

const V4_IN_V6 = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]

/** The 16 bytes of an address, or null when the text is none. Zone ids are ignored. */
export function parseAddress(text: string): Uint8Array | null {
  if (!text.includes(':')) {
    const parts = parseV4(text)
    return parts === null ? null : Uint8Array.from([...V4_IN_V6, ...parts])
  }
  return parseV6(text.split('%', 1)[0]!)
}

function parseV4(text: string): number[] | null {
  const parts = text.split('.')
  if (parts.length !== 4) return null
  const numbers = parts.map((part) => (/^(0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256))
  return numbers.every((number) => number < 256) ? numbers : null
}

function parseV6(text: string): Uint8Array | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const front = parseGroups(halves[0]!, halves.length === 1)
  const back = halves.length === 2 ? parseGroups(halves[1]!, true) : []
  if (front === null || back === null) return null
  const missing = 16 - front.length - back.length
  if (halves.length === 1 ? missing !== 0 : missing < 2) return null
  return Uint8Array.from([...front, ...new Array<number>(missing).fill(0), ...back])
}

/** `isEnd`: the last group may be an IPv4 address. */
function parseGroups(text: string, isEnd: boolean): number[] | null {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [i, group] of groups.entries()) {
    if (isEnd && i === groups.length - 1 && group.includes('.')) {
      const v4 = parseV4(group)
      if (v4 === null) return null
      bytes.push(...v4)
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return null
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 255)
    }
  }
  return bytes
}

interface Network {
  readonly bytes: Uint8Array
  readonly bits: number
}

/** Throws RangeError naming the text that is no address, network or `unix:`. */
export class CidrSet {
  readonly #networks: Network[]
  readonly #unix: boolean

  constructor(texts: readonly string[]) {
    this.#networks = texts.filter((text) => text !== 'unix:').map(parseNetwork)
    this.#unix = texts.includes('unix:')
  }

  get isEmpty(): boolean {
    return this.#networks.length === 0 && !this.#unix
  }

  has(address: string): boolean {
    if (address === 'unix:') return this.#unix
    const bytes = parseAddress(address)
    return bytes !== null && this.#networks.some((network) => covers(network, bytes))
  }
}

function parseNetwork(text: string): Network {
  const [address = '', bits, more] = text.split('/')
  const bytes = parseAddress(address)
  const isV6 = address.includes(':')
  const size = bits === undefined ? (isV6 ? 128 : 32) : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN
  if (bytes === null || more !== undefined || !(size <= (isV6 ? 128 : 32)))
    throw new RangeError(`not an address or network: '${text}'`)
  return { bytes, bits: isV6 ? size : size + 96 }
}

function covers(network: Network, bytes: Uint8Array): boolean {
  if (network.bits < 96 && V4_IN_V6.every((byte, i) => bytes[i] === byte)) return false
  const whole = network.bits >> 3
  for (let i = 0; i < whole; i++) if (network.bytes[i] !== bytes[i]) return false
  const rest = network.bits & 7
  return rest === 0 || (network.bytes[whole]! ^ bytes[whole]!) >> (8 - rest) === 0
}

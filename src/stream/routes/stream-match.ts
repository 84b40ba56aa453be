/** stream-match — by which connections a stream route is found, and which of two that fit comes first (as Kong). */
import { CidrSet } from '../../base/cidr.ts'
import type { StreamFacts, StreamRoute } from '../../contract/stream.ts'

export interface AddressMatch {
  /** An address or a network. */
  readonly ip: string | null
  readonly port: number | null
}

/** A route's attributes, as Kong's entity has them. */
export interface StreamMatch {
  readonly id: string
  readonly created_at: number
  readonly protocols: readonly string[]
  readonly snis: readonly string[] | null
  readonly sources: readonly AddressMatch[] | null
  readonly destinations: readonly AddressMatch[] | null
}

export interface StreamRouteInput {
  readonly route: StreamRoute
  readonly match: StreamMatch
}

export type StreamFlavor = 'traditional_compatible' | 'traditional'

/** One end of a connection must fit one of these. Without any, every end fits. */
export class AddressCheck {
  readonly #items: readonly { readonly networks: CidrSet | null; readonly port: number | null }[]

  constructor(items: readonly AddressMatch[] | null) {
    this.#items = (items ?? []).map(({ ip, port }) => ({
      networks: ip === null ? null : new CidrSet([ip]),
      port,
    }))
  }

  passes(address: string, port: number): boolean {
    if (this.#items.length === 0) return true
    return this.#items.some(
      (item) =>
        (item.port === null || item.port === port) && (item.networks === null || item.networks.has(address)),
    )
  }
}

/** What a route still asks once its protocol and its server names fit. */
export class StreamCheck {
  readonly route: StreamRoute
  readonly #sources: AddressCheck
  readonly #destinations: AddressCheck

  constructor({ route, match }: StreamRouteInput) {
    this.route = route
    this.#sources = new AddressCheck(match.sources)
    this.#destinations = new AddressCheck(match.destinations)
  }

  passes(facts: StreamFacts): boolean {
    return (
      this.#sources.passes(facts.clientAddress, facts.clientPort) &&
      this.#destinations.passes(facts.localAddress, facts.localPort)
    )
  }
}

/** The first one is asked first. */
export function rankStreams(inputs: readonly StreamRouteInput[], flavor: StreamFlavor): StreamRouteInput[] {
  const keyOf = flavor === 'traditional' ? traditionalKey : compatibleKey
  const keyed = inputs.map((input) => ({ input, key: keyOf(input.match) }))
  keyed.sort((one, other) => other.key - one.key || byAge(one.input.match, other.input.match))
  return keyed.map(({ input }) => input)
}

/** The older one, as Kong's documentation says; ids decide between equals, so that all workers agree. */
function byAge(one: StreamMatch, other: StreamMatch): number {
  return one.created_at - other.created_at || (one.id < other.id ? -1 : 1)
}

const HAS_NAMES = 1
const HAS_BOTH_ENDS = 2

/** Both ends, or server names, come before one end; then who names its sources, and its destinations, closest. */
function compatibleKey({ snis, sources, destinations }: StreamMatch): number {
  const names = isFilled(snis) ? HAS_NAMES : 0
  const ends = isFilled(sources) && isFilled(destinations) ? HAS_BOTH_ENDS : 0
  return (names + ends) * 256 + closenessOf(sources) * 16 + closenessOf(destinations)
}

const IS_ADDRESS = 8
const IS_PORT = 4
const IS_NETWORK = 1

function closenessOf(items: readonly AddressMatch[] | null): number {
  let bits = 0
  for (const { ip, port } of items ?? []) {
    if (ip !== null) bits |= ip.includes('/') ? IS_NETWORK : IS_ADDRESS
    if (port !== null) bits |= IS_PORT
  }
  return bits
}

/** More attributes first; with as many, server names before sources before destinations. */
function traditionalKey({ snis, sources, destinations }: StreamMatch): number {
  const bits = [isFilled(destinations), isFilled(sources), isFilled(snis)]
  return bits.reduce((key, isSet, place) => key + (isSet ? 8 + 2 ** place : 0), 0)
}

export function isFilled<T>(list: readonly T[] | null): list is readonly T[] {
  return list !== null && list.length > 0
}

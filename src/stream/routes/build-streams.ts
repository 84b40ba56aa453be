/**
 * build-streams — the router of layer 4: from a connection's protocol, server name and two ends to a route.
 *
 * Server names are looked up, with the names that a wildcard makes of each label, so that ten thousand routes cost a
 * connection no more than ten. Routes that name none are asked in turn.
 */
import type { StreamFacts, StreamRoute, StreamRouter } from '../../contract/stream.ts'
import {
  isFilled,
  rankStreams,
  StreamCheck,
  type StreamFlavor,
  type StreamRouteInput,
} from './stream-match.ts'

export function buildStreams(inputs: readonly StreamRouteInput[], flavor: StreamFlavor): StreamRouter {
  const ranked = rankStreams(inputs, flavor)
  const index = new StreamIndex(ranked)
  const routes = Object.freeze<StreamRoute[]>(ranked.map(({ route }) => route))
  return Object.freeze({ routes, find: (facts: StreamFacts) => index.find(facts) })
}

/** Places in the order of precedence. */
type Ranks = number[]

class StreamIndex {
  readonly #checks: readonly StreamCheck[]
  /** Of TCP without TLS. A server name asks nothing of them. */
  readonly #plain: Ranks
  /** Of TLS, without server names. */
  readonly #nameless: Ranks
  /** 'a.example', and of wildcards '.example' and 'a.': dots at an end tell them apart. */
  readonly #named: Map<string, Ranks>

  constructor(ranked: readonly StreamRouteInput[]) {
    this.#checks = ranked.map((input) => new StreamCheck(input))
    this.#plain = []
    this.#nameless = []
    this.#named = new Map()
    ranked.forEach(({ match }, rank) => {
      if (match.protocols.includes('tcp')) this.#plain.push(rank)
      if (!match.protocols.includes('tls') && !match.protocols.includes('tls_passthrough')) return
      if (isFilled(match.snis)) for (const name of match.snis) this.#add(name, rank)
      else this.#nameless.push(rank)
    })
  }

  #add(name: string, rank: number): void {
    const key = name.toLowerCase().replace(/\.$/, '').replace('*', '')
    const ranks = this.#named.get(key)
    if (ranks === undefined) this.#named.set(key, [rank])
    else if (ranks.at(-1) !== rank) ranks.push(rank)
  }

  find(facts: StreamFacts): StreamRoute | null {
    let best = this.#firstOf(facts.isTls ? this.#nameless : this.#plain, facts, this.#checks.length)
    if (facts.isTls && facts.sni !== '')
      for (const key of keysOf(facts.sni)) best = this.#firstOf(this.#named.get(key) ?? [], facts, best)
    return this.#checks[best]?.route ?? null
  }

  /** The first of `ranks` that fits and comes before `best`, or `best`. */
  #firstOf(ranks: Ranks, facts: StreamFacts, best: number): number {
    for (const rank of ranks) {
      if (rank >= best) break
      if (this.#checks[rank]!.passes(facts)) return rank
    }
    return best
  }
}

/** The name itself, and what stands before and behind each of its dots, the dot included. */
function* keysOf(name: string): Generator<string> {
  yield name
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    yield name.slice(dot)
    yield name.slice(0, dot + 1)
  }
}

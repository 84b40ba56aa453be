/**
 * canary — sends a part of a route's requests to another upstream: some per cent, some groups, or who asks for it.
 *
 * It only chooses who picks the target: times, retries and TLS are the service's, health and circuits those of the
 * upstream that is chosen. All tries of an exchange go the same way.
 *
 * HOT     `onRequest` runs once a request.
 */
import type { Exchange } from '../../contract/exchange.ts'
import type { Detour } from '../../contract/plan.ts'
import {
  definePlugin,
  type Handler,
  type Host,
  NEXT,
  openNotes,
  type PluginScope,
  type Verdict,
} from '../../contract/plugin.ts'
import { Groups } from './groups.ts'
import { Lot } from './lot.ts'
import { type Config, schema } from './schema.ts'
import { Share } from './share.ts'
import { ALWAYS, NEVER, Wish } from './wish.ts'

export default definePlugin({
  name: 'canary',
  summary: 'Sends a part of the requests to another upstream, for releases in small steps.',
  priority: 13, // behind all that refuses, as Kong Enterprise's
  schema,
  build: (config, host, scope) => new Canary(config, host, scope),
})

/** What the path was before, where the exchange may have to go back; in `x.notes`. */
const NOTE = 'canary uri'

class Canary implements Handler {
  /** By the id of the service. */
  readonly #detours: ReadonlyMap<string, Detour>
  readonly #uri: string
  readonly #fallsBack: boolean
  readonly #wish: Wish
  readonly #groups: Groups | null
  /** The groups are those that do not go there. */
  readonly #isDeny: boolean
  readonly #lot: Lot
  readonly #share: Share

  constructor(config: Config, host: Host, scope: PluginScope) {
    const { upstream_host, upstream_port, upstream_fallback, hash } = config
    const balancers = host.detours(scope, { host: upstream_host, port: upstream_port })
    const left = upstream_fallback && config.upstream_uri !== null ? restorePath : stay
    this.#detours = new Map(
      [...balancers].map(([id, balancer]) => [id, { balancer, fallsBack: upstream_fallback, left }]),
    )
    this.#uri = Buffer.from(config.upstream_uri ?? '').toString('latin1')
    this.#fallsBack = upstream_fallback
    this.#wish = new Wish(config.canary_by_header_name, config.canary_by_cookie_name)
    this.#groups = hash === 'allow' || hash === 'deny' ? new Groups(config.groups ?? [], host) : null
    this.#lot = new Lot(config, host)
    this.#share = new Share(config, host)
    this.#isDeny = hash === 'deny'
  }

  onRequest(x: Exchange): Verdict {
    const service = x.route === null ? null : x.route.service
    if (service === null || !this.#isChosen(x)) return NEXT
    const detour = this.#detours.get(service.id)
    if (detour === undefined) return NEXT
    x.detour = detour
    if (this.#uri !== '') this.#changePath(x)
    return NEXT
  }

  #isChosen(x: Exchange): boolean {
    const wish = this.#wish.of(x.request)
    if (wish === ALWAYS) return true
    if (wish === NEVER) return false
    if (this.#groups !== null) return this.#groups.has(x) !== this.#isDeny
    const share = this.#share.now()
    return share > 0 && this.#lot.draw(x) < share
  }

  #changePath(x: Exchange): void {
    if (this.#fallsBack) {
      openNotes(x).set(NOTE, x.upstreamUri)
    }
    x.upstreamUri = this.#uri + queryOf(x)
  }
}

/** With its question mark; '' for none. */
function queryOf(x: Exchange): string {
  const head = x.request
  if (x.upstreamQuery === null) return head.bytes.latin1Slice(head.pathEnd, head.targetEnd)
  return x.upstreamQuery === '' ? '' : '?'.concat(x.upstreamQuery)
}

function restorePath(x: Exchange): void {
  const before = x.notes === null ? null : x.notes.get(NOTE)
  if (typeof before === 'string') x.upstreamUri = before
}

/** Nothing was changed but the way. */
function stay(): void {}

/**
 * mirror — sends copies of requests to another upstream, whose answers nobody sees: a new version under real traffic.
 *
 * A copy is made when the exchange is over, of what the flow has kept of its body to try again, so that it can neither
 * delay nor change the answer. What there is no room for is dropped and counted.
 *
 * HOT     `onRequest` and `onLog` run once a request; they allocate for requests that are copied only.
 */
import { type Exchange, NO_UPGRADE } from '../../contract/exchange.ts'
import {
  definePlugin,
  type Handler,
  type Host,
  NEXT,
  openNotes,
  type PluginScope,
  type Verdict,
} from '../../contract/plugin.ts'
import { MIRROR_DROPPED } from '../../state/counters.ts'
import { bodyOf, CopyMaker, LEFT_OUT } from './copy.ts'
import { type Config, schema } from './schema.ts'
import { Shadow } from './shadow.ts'

export default definePlugin({
  name: 'mirror',
  summary: 'Sends copies of requests to another upstream and throws the answers away.',
  priority: 1, // last: what another plugin has answered is not copied
  schema,
  build: (config, host, scope) => new Mirror(config, host, scope),
})

/** On an exchange that is to be copied; in `x.notes`. */
const NOTE = 'mirror'

/** The golden section: its multiples fill [0, 1) more evenly than those of any other number. */
const STEP = 0.6180339887498949
const RANGE = 2 ** 32

class Mirror implements Handler {
  /** By the id of the service. */
  readonly #shadows: ReadonlyMap<string, Shadow>
  readonly #copies: CopyMaker
  readonly #bodyMax: number
  readonly #share: number
  readonly #host: Host
  #next: number

  constructor(config: Config, host: Host, scope: PluginScope) {
    const balancers = host.detours(scope, { host: config.upstream_host, port: config.upstream_port })
    this.#shadows = new Map([...balancers].map(([id, balancer]) => [id, new Shadow(balancer, config, host)]))
    this.#copies = new CopyMaker(config.strip_headers ?? [], host)
    this.#bodyMax = config.max_body_size
    this.#share = config.percentage / 100
    this.#host = host
    this.#next = host.random(4).readUInt32LE(0) / RANGE
  }

  onRequest(x: Exchange): Verdict {
    if (x.upgrade !== NO_UPGRADE || x.route === null || x.route.service === null) return NEXT
    this.#next = (this.#next + STEP) % 1
    if (this.#next >= this.#share) return NEXT
    openNotes(x).set(NOTE, true)
    return NEXT
  }

  onLog(x: Exchange): void {
    if (x.notes === null || !x.notes.has(NOTE)) return
    const shadow = this.#shadows.get(x.route!.service!.id)
    if (shadow === undefined) return
    const body = bodyOf(x, this.#bodyMax)
    if (body === LEFT_OUT || !shadow.hasRoom) this.#host.count(MIRROR_DROPPED)
    else shadow.send(this.#copies.make(x, body))
  }

  close(): void {
    for (const shadow of this.#shadows.values()) shadow.close()
  }
}

/** busy-loop — a fault that is built in on purpose: each request burns CPU time. The bench's gate has to catch it. */
import type { Exchange } from '../../../../src/contract/exchange.ts'
import { definePlugin, type Handler, type Host, NEXT, type Verdict } from '../../../../src/contract/plugin.ts'
import { type Infer, s } from '../../../../src/contract/schema.ts'

const schema = s.record({
  microseconds: s.integer({ default: 100, between: [0, 1_000_000], says: 'Burnt on each request.' }),
})

export default definePlugin({
  name: 'busy-loop',
  summary: 'Burns CPU time on each request.',
  priority: 1,
  schema,
  build: (config, host) => new BusyLoop(config, host),
})

class BusyLoop implements Handler {
  readonly #ms: number
  readonly #host: Host

  constructor(config: Infer<typeof schema>, host: Host) {
    this.#ms = config.microseconds / 1000
    this.#host = host
  }

  onRequest(_: Exchange): Verdict {
    const end = this.#host.nowAnew() + this.#ms
    while (this.#host.nowAnew() < end);
    return NEXT
  }
}

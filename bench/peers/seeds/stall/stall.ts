/** stall — a fault that is built in on purpose: now and then a worker's thread stands still. The bench's gate has to catch it. */
import { definePlugin, type Handler, type Host } from '../../../../src/contract/plugin.ts'
import { type Infer, s } from '../../../../src/contract/schema.ts'

const schema = s.record({
  ms: s.integer({ default: 10, between: [1, 10_000], says: 'How long it stands.' }),
  every_ms: s.integer({ default: 2000, between: [1, 1_000_000], says: 'How long it runs in between.' }),
})

export default definePlugin({
  name: 'stall',
  summary: "Stops the worker's thread now and then.",
  priority: 1,
  schema,
  build: (config, host) => new Stall(config, host),
})

class Stall implements Handler {
  readonly #config: Infer<typeof schema>
  readonly #host: Host
  readonly #word = new Int32Array(new SharedArrayBuffer(4))
  #callOff: () => void

  constructor(config: Infer<typeof schema>, host: Host) {
    this.#config = config
    this.#host = host
    this.#callOff = host.later(config.every_ms, () => this.#stall())
  }

  #stall(): void {
    // Nobody wakes it: the time just passes, and the thread does nothing else meanwhile.
    Atomics.wait(this.#word, 0, 0, this.#config.ms)
    this.#callOff = this.#host.later(this.#config.every_ms, () => this.#stall())
  }

  close(): void {
    this.#callOff()
  }
}

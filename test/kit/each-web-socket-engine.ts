/** Runs every case on every engine, with a gateway, and a target that speaks WebSocket. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { type Engine, engineMissing, type Gateway, type GatewayOptions, openGateway } from './gateway.ts'
import { catchAll } from './kong-config.ts'
import { connect, type RawClient } from './raw-client.ts'
import {
  type Opened,
  type OpenOptions,
  openWebSocket,
  openWebSocketTarget,
  type Peer,
  type WebSocketTarget,
} from './web-socket.ts'

export interface WebSocketRig {
  readonly engine: Engine
  readonly gateway: Gateway
  /** Echoes, unless a case has it do something else. */
  readonly target: WebSocketTarget
  connect(): Promise<RawClient>
  /** A client through the gateway and its other end. */
  open(options?: OpenOptions): Promise<{ client: Opened; server: Peer }>
}

export interface WebSocketRigOptions extends Partial<Omit<GatewayOptions, 'config' | 'engine'>> {
  /** By default everything goes to the target. */
  readonly config?: (targetPort: number) => string
  /** By default all. */
  readonly engines?: readonly Engine[]
}

type Case = (name: string, body: (rig: WebSocketRig) => Promise<void>) => void

const CASE_MS = 60_000

/** `fn` is called once for each engine and names its cases with `check`. */
export function eachWebSocketEngine(
  suite: string,
  options: WebSocketRigOptions,
  fn: (check: Case) => void,
): void {
  for (const engine of options.engines ?? (['node', 'uws'] as const)) {
    const skip = engineMissing(engine)
    describe(`${suite} (${engine})`, skip === '' ? {} : { skip }, () => {
      const rig = new SharedRig(engine)
      before(() => rig.start(options))
      after(() => rig.stop())
      beforeEach(() => rig.refresh())
      fn((name, body) => {
        it(name, { timeout: CASE_MS }, async (t) => {
          try {
            await body(rig)
            assert.equal(rig.gateway.alive, true, 'the gateway died')
          } catch (error) {
            t.diagnostic(`the gateway's last lines:\n${rig.gateway.log.slice(-10).join('\n')}`)
            throw error
          }
        })
      })
    })
  }
}

class SharedRig implements WebSocketRig {
  readonly engine: Engine
  #gateway: Gateway | null = null
  #target: WebSocketTarget | null = null
  readonly #clients: { destroy(): void }[] = []

  constructor(engine: Engine) {
    this.engine = engine
  }

  get gateway(): Gateway {
    assert.ok(this.#gateway, 'the gateway did not start')
    return this.#gateway
  }

  get target(): WebSocketTarget {
    assert.ok(this.#target)
    return this.#target
  }

  async start(options: WebSocketRigOptions): Promise<void> {
    this.#target = await openWebSocketTarget({
      perMessageDeflate: { threshold: 0 },
      handleProtocols: (offered) => (offered.has('second') ? 'second' : false),
    })
    const config = (options.config ?? catchAll)(this.#target.port)
    this.#gateway = await openGateway({ ...options, config, engine: this.engine })
  }

  async stop(): Promise<void> {
    this.refresh()
    await this.#gateway?.stop()
    await this.#target?.close()
  }

  refresh(): void {
    for (const client of this.#clients.splice(0)) client.destroy()
    this.#target?.forget()
  }

  async connect(): Promise<RawClient> {
    const client = await connect({ port: this.gateway.port })
    this.#clients.push(client)
    return client
  }

  async open(options: OpenOptions = {}): Promise<{ client: Opened; server: Peer }> {
    const nth = this.target.peers.length + 1
    const client = await openWebSocket(this.gateway.port, options)
    this.#clients.push({ destroy: () => client.socket.terminate() })
    return { client, server: await this.target.peer(nth) }
  }
}

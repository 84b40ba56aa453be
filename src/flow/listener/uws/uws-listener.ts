/**
 * uws-listener — the engine over uWebSockets.js: one app for each address, pooled clients for their requests.
 *
 * The engine shares a port between threads by itself (SO_REUSEPORT), so descriptors bound by the primary are not used.
 * It does not tell connections apart before v20.66: what counts connections elsewhere counts requests under way here.
 * A thread that ends while an app listens takes the process with it: `close` has to run first, whatever the cause.
 */
import type { Timed } from '../../../base/deadlines.ts'
import { faults, GatewayError } from '../../../base/faults.ts'
import type { ListenAddress, Listener } from '../../../contract/listener.ts'
import type { ListenerTools } from '../../../contract/listener-tools.ts'
import { AddressReader } from './uws-address.ts'
import type { Uws, UwsApp, UwsContext, UwsListenSocket, UwsRequest, UwsResponse } from './uws-api.ts'
import { makeBehavior } from './uws-behavior.ts'
import { UwsClient } from './uws-client.ts'
import { type Framing, loadFraming } from './uws-framing.ts'
import { UwsRequestHead } from './uws-request-head.ts'
import type { UwsDoor, UwsShared } from './uws-shared.ts'

const KEPT_MAX = 4096

export class UwsListener implements Omit<Listener, 'secure'>, UwsShared {
  readonly events: ListenerTools['events']
  readonly exchanges: ListenerTools['exchanges']
  readonly limits: ListenerTools['limits']
  readonly clock: ListenerTools['clock']
  readonly turn: ListenerTools['turn']
  readonly head: UwsRequestHead
  readonly framing: Framing
  requests: number
  readonly #uws: Uws
  readonly #tools: ListenerTools
  readonly #apps: UwsApp[]
  readonly #sockets: UwsListenSocket[]
  readonly #free: UwsClient[]
  #underWay: number
  #connections: number
  #draining: boolean
  #closed: boolean
  #drained: (() => void) | null

  constructor(uws: Uws, tools: ListenerTools) {
    this.#uws = uws
    this.#tools = tools
    this.events = tools.events
    this.exchanges = tools.exchanges
    this.limits = tools.limits
    this.clock = tools.clock
    this.turn = tools.turn
    this.head = new UwsRequestHead(tools.limits.headBytesMax)
    this.framing = loadFraming()
    this.requests = 0
    this.#apps = []
    this.#sockets = []
    this.#free = []
    this.#underWay = 0
    this.#connections = 0
    this.#draining = false
    this.#closed = false
    this.#drained = null
  }

  get draining(): boolean {
    return this.#draining
  }

  get closed(): boolean {
    return this.#closed
  }

  get connections(): number {
    return Math.max(this.#connections, this.#underWay)
  }

  async listen(addresses: readonly ListenAddress[]): Promise<void> {
    for (const address of addresses) await this.#listenOne(address)
  }

  #listenOne(address: ListenAddress): Promise<void> {
    const door: UwsDoor = {
      localAddress: address.host,
      localPort: address.port,
      isProxied: address.proxyProtocol,
      peers: new AddressReader(),
      proxied: new AddressReader(),
    }
    const app = this.#uws.App()
    this.#apps.push(app)
    app.ws(
      '/*',
      makeBehavior((res, req, context) => this.#serve(res, req, door, context)),
    )
    app.any('/*', (res, req) => this.#serve(res, req, door, null))
    app.filter?.((_res, change) => this.#count(change))
    return new Promise((resolve, reject) => {
      app.listen(address.host, address.port, (socket) => {
        // The engine says no more than that it failed; the primary has tried the address and found it free.
        if (socket === false)
          return reject(new GatewayError(faults.PORT_IN_USE, `${address.host}:${address.port}`))
        this.#sockets.push(socket)
        resolve()
      })
    })
  }

  #serve(res: UwsResponse, req: UwsRequest, door: UwsDoor, context: UwsContext | null): void {
    if (this.connections + this.#tools.others() > this.limits.connectionsMax) {
      this.#tools.onCount('refused')
      return void res.close()
    }
    const client = this.#free.pop() ?? this.#make()
    this.#underWay++
    client.begin(res, req, door, context)
  }

  #make(): UwsClient {
    const client = new UwsClient(this)
    this.#tools.deadlines.add(client)
    return client
  }

  #count(change: number): void {
    this.#connections += change
    this.#tools.onCount(change > 0 ? 'accepted' : 'closed')
  }

  freed(client: Timed, again: boolean): void {
    // Only our clients know this listener.
    if (again && this.#free.length < KEPT_MAX) this.#free.push(client as UwsClient)
    else this.#tools.deadlines.remove(client)
    this.#leave()
  }

  #leave(): void {
    this.#underWay--
    if (this.#underWay === 0 && this.#drained !== null) this.#drained()
  }

  enterTunnel(tunnel: Timed): void {
    this.#underWay++
    this.#tools.deadlines.add(tunnel)
  }

  leftTunnel(tunnel: Timed): void {
    this.#tools.deadlines.remove(tunnel)
    this.#leave()
  }

  async drain(): Promise<void> {
    this.#draining = true
    this.#stopListening()
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve
      })
    }
    // The last answers leave with this turn; connections that are idle are ended by nobody else.
    await new Promise<void>((resolve) => setImmediate(resolve))
    this.close()
  }

  close(): void {
    this.#draining = true
    this.#closed = true
    this.#stopListening()
    for (const app of this.#apps.splice(0)) app.close()
  }

  #stopListening(): void {
    for (const socket of this.#sockets.splice(0)) this.#uws.us_listen_socket_close(socket)
  }
}

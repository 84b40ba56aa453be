/**
 * session — one connection of a stream route, from its routing to its line in the log.
 *
 *     route ─▶ plugins ─▶ (handshake, where TLS ends here) ─▶ balancer ─▶ connect ─▶ pipe ─▶ over
 *                                                               ▲           │
 *                                                               └── retry ──┘
 *
 * Its Exchange is what balancers, health checks and circuits know of it: connecting is the answer they judge, and it
 * counts as under way for as long as it lasts. A try that fails is followed by another, since nothing has reached a
 * target yet; once connected there is none. A session ends with the plan it began with.
 */
import type { Socket } from 'node:net'
import type { Timed } from '../../base/deadlines.ts'
import { type Fault, faults } from '../../base/faults.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { Service } from '../../contract/plan.ts'
import { NEXT } from '../../contract/plugin.ts'
import type { StreamFacts, StreamRoute } from '../../contract/stream.ts'
import type { ConnectionLimits, Target } from '../../contract/target.ts'
import type { Shake, StreamTools } from '../stream-tools.ts'
import { Pipe, type PipeOwner } from './pipe.ts'
import type { Side } from './side.ts'

export interface SessionOwner {
  readonly tools: StreamTools
  closed(session: Session): void
}

const CONNECTING = 0
const PIPING = 1
const OVER = 2

export class Session implements Timed, PipeOwner {
  readonly facts: StreamFacts
  readonly pipe: Pipe
  deadlineMs: number
  slot: number
  /** The handshake under way. */
  shake: Shake | null
  readonly route: StreamRoute | null
  readonly tools: StreamTools
  readonly #owner: SessionOwner
  readonly #x: Exchange
  #state: number
  /** Counts the connection to the target, or null. */
  #counted: ConnectionLimits | null
  /** The last target, for the log; x.target is the one that is held. */
  #target: Target | null

  constructor(owner: SessionOwner, facts: StreamFacts, startMs: number) {
    const { tools } = owner
    this.facts = facts
    this.pipe = new Pipe(tools.writes, tools.clock, this)
    this.deadlineMs = startMs + tools.prereadTimeoutMs
    this.slot = -1
    this.shake = null
    this.tools = tools
    this.#owner = owner
    this.#x = tools.exchanges.acquire()
    this.#x.startMs = startMs
    this.#x.clientAddress = facts.clientAddress
    this.#state = CONNECTING
    this.#counted = null
    this.#target = null
    this.route = tools.plans.enter(this.#x).streams.find(facts)
  }

  /** NONE, or why it is refused: no route, no service, a plugin. */
  judge(): Fault {
    const route = this.route
    if (route === null) return faults.ROUTE_NOT_FOUND
    if (route.service === null) return faults.SERVICE_NOT_FOUND
    for (const step of route.steps) if (step.onStream!(this.facts) !== NEXT) return faults.FORBIDDEN
    return faults.NONE
  }

  /** The client's side can be read and written: a target is looked for. */
  begin(client: Socket): void {
    this.pipe.client.open(client, this.facts.isTls && !this.route!.passesTls)
    this.#attempt()
  }

  get #service(): Service {
    return this.route!.service!
  }

  #attempt(): void {
    const x = this.#x
    const { balancer } = this.#service
    const target = balancer.pick(x)
    if (target === null) return this.end(balancer.refusal)
    x.target = target
    x.attempts++
    this.#target = target
    const { limits } = target
    if (limits !== null && !limits.takeConnection(false)) return this.#failed(faults.UPSTREAM_OVERFLOW)
    this.#counted = limits
    this.#connect(target)
  }

  #connect(target: Target): void {
    const { address } = target
    const { clock, readBuffer: buffer } = this.tools
    const side = this.pipe.target
    const callback = (count: number): boolean => this.pipe.carry(side, buffer, 0, count)
    this.#x.sentMs = clock.now()
    this.deadlineMs = clock.now() + this.#service.connectTimeoutMs
    const socket = this.tools.openSocket(address, { buffer, callback })
    side.socket = socket
    const failed = address.tls === null ? faults.TARGET_CONNECT : faults.TARGET_TLS
    socket.on(address.tls === null ? 'connect' : 'secureConnect', () => this.#connected(socket))
    socket.on('end', () => this.#targetEnded(socket, failed))
    socket.on('error', (error) => this.#targetLost(socket, this.tools.explain(address, socket, error)))
    socket.on('close', () => this.#targetLost(socket, failed))
  }

  #connected(socket: Socket): void {
    if (this.#state !== CONNECTING || socket !== this.pipe.target.socket) return
    const x = this.#x
    const target = x.target!
    this.#state = PIPING
    x.connectedMs = this.tools.clock.now()
    x.firstByteMs = x.connectedMs
    // What health checks, circuits and outlier detection take for a good answer.
    x.response.status = 200
    this.#service.balancer.answered(x, target)
    this.pipe.target.open(socket, target.address.tls !== null)
    this.pipe.start(this.#service.readTimeoutMs, this.#service.writeTimeoutMs)
  }

  #targetEnded(socket: Socket, failed: Fault): void {
    if (socket !== this.pipe.target.socket) return
    if (this.#state === CONNECTING) this.#failed(failed)
    else this.pipe.sideEnded(this.pipe.target)
  }

  #targetLost(socket: Socket, failed: Fault): void {
    if (socket !== this.pipe.target.socket) return
    if (this.#state === CONNECTING) this.#failed(failed)
    else this.pipe.sideLost(this.pipe.target)
  }

  /** A try is over before it was connected. */
  #failed(fault: Fault): void {
    const x = this.#x
    this.pipe.target.socket?.destroy()
    this.pipe.target.socket = null
    this.#giveBack(fault)
    const mayRetry = fault.retry === 'always' && x.attempts <= this.#service.retries
    if (!mayRetry || !this.#service.balancer.takeRetry(x)) return this.end(fault)
    x.tried.push(this.#target!)
    this.#attempt()
  }

  /** What the try under way holds of its target. */
  #giveBack(fault: Fault): void {
    const x = this.#x
    if (this.#counted !== null) this.#counted.giveConnection()
    this.#counted = null
    if (x.target !== null) this.#service.balancer.done(x, x.target, fault)
    x.target = null
  }

  onDeadline(): void {
    if (this.#state === PIPING) this.end(faults.NONE)
    else if (this.#x.target !== null) this.#failed(faults.TARGET_CONNECT_TIMEOUT)
    else this.end(faults.REQUEST_TIMEOUT)
  }

  clientEnded(): void {
    if (this.#state !== OVER) this.pipe.sideEnded(this.pipe.client)
  }

  clientLost(): void {
    if (this.#state === CONNECTING) this.end(faults.CLIENT_GONE)
    else if (this.#state === PIPING) this.pipe.sideLost(this.pipe.client)
  }

  pipeOver(lost: Side | null): void {
    const { target } = this.pipe
    if (lost === null) this.#leaveBoth()
    // A target that breaks off before its first byte has not served.
    this.end(lost === target && target.received === 0 ? faults.TARGET_RESET : faults.NONE)
  }

  #leaveBoth(): void {
    this.pipe.client.leave()
    this.pipe.target.leave()
  }

  /** At once. Again: nothing. */
  end(fault: Fault): void {
    if (this.#state === OVER) return
    this.#state = OVER
    this.deadlineMs = 0
    const x = this.#x
    const { client, target, endedBy } = this.pipe
    const [bytesIn, bytesOut] = [client.received, target.received]
    this.pipe.destroy()
    this.shake?.destroy()
    this.#giveBack(fault)
    if (x.holds !== 0) this.#service.balancer.dropRetry(x)
    this.tools.tally.closed({
      facts: this.facts,
      route: this.route,
      target: this.#target,
      tries: x.attempts,
      status: fault.status,
      fault,
      endedBy: fault.blame === 'upstream' ? 'target' : endedBy,
      bytesIn,
      bytesOut,
      durationMs: this.tools.clock.now() - x.startMs,
    })
    this.tools.plans.leave(x)
    this.tools.exchanges.release(x)
    this.#owner.closed(this)
  }
}

/** client-rig — the listener without native code on a real port, with a flow that a test plays. */
import net from 'node:net'
import type { TestContext } from 'node:test'
import { NativeFreeListener } from '../../native-free/listener.ts'
import { Clock } from '../../src/base/clock.ts'
import { Deadlines } from '../../src/base/deadlines.ts'
import type { Fault } from '../../src/base/faults.ts'
import { Turn } from '../../src/base/turn.ts'
import { Exchange } from '../../src/contract/exchange.ts'
import type { ExchangePool, FlowEvents, ListenerLimits } from '../../src/contract/listener.ts'
import { REQUEST_LIMITS } from '../../src/http1/limits.ts'
import { freePort } from './ports.ts'
import { until } from './transport-rig.ts'

/** Notices an exchange that is given back twice, or never. */
class CountingPool implements ExchangePool {
  readonly out = new Set<Exchange>()
  twice = 0
  acquire(): Exchange {
    const x = new Exchange(REQUEST_LIMITS)
    this.out.add(x)
    return x
  }
  release(x: Exchange): void {
    if (!this.out.delete(x)) this.twice++
  }
}

export class PlayedFlow implements FlowEvents {
  readonly said: string[] = []
  onEnter: (x: Exchange) => void = (x) => answer(x, 'ok')
  onBody: (x: Exchange, text: string) => void = () => {}
  onEnd: (x: Exchange) => void = () => {}
  enter(x: Exchange): void {
    this.said.push(`enter ${x.request.bytes.latin1Slice(x.request.pathStart, x.request.pathEnd)}`)
    this.onEnter(x)
  }
  refuse(x: Exchange, fault: Fault): void {
    this.said.push(`refuse ${fault.code}`)
    answer(x, fault.code)
  }
  requestBody(x: Exchange, bytes: Buffer, start: number, end: number): void {
    this.onBody(x, bytes.latin1Slice(start, end))
  }
  requestEnd(x: Exchange): void {
    x.requestEnded = true
    this.said.push('end')
    this.onEnd(x)
  }
  clientGone(_x: Exchange, fault: Fault): void {
    this.said.push(`gone ${fault.code}`)
  }
  clientDrain(): void {
    this.said.push('drain')
  }
}

/** Answers in one go, with a length. */
export function answer(x: Exchange, body: string | Buffer): void {
  const bytes = Buffer.from(body)
  const client = x.client!
  x.status = 200
  x.responseLength = bytes.length
  client.out.putLatin1('HTTP/1.1 200 OK\r\n')
  client.writeHead(x)
  if (bytes.length > 0) client.writeBody(x, bytes, 0, bytes.length)
  client.end(x)
}

export interface ClientRig {
  readonly port: number
  readonly flow: PlayedFlow
  readonly pool: CountingPool
  readonly listener: NativeFreeListener
  /** As if so much time had gone by since the last look at the limits. */
  later(ms: number): void
  /** A client that keeps all it is sent in `got`. */
  connect(): Promise<{ socket: net.Socket; got: () => string; isClosed: () => boolean }>
}

export const LIMITS: ListenerLimits = {
  headBytesMax: 32 * 1024,
  targetBytesMax: 8 * 1024,
  fieldsMax: 200,
  bodyBytesMax: 0,
  headerTimeoutMs: 10_000,
  bodyTimeoutMs: 20_000,
  bodyRateMin: 0,
  sendTimeoutMs: 30_000,
  keepAliveTimeoutMs: 40_000,
  keepAliveRequestsMax: 1000,
  connectionsMax: 100,
}

export async function makeClientRig(
  t: TestContext,
  more: Partial<ListenerLimits> & { proxyProtocol?: boolean; http2?: boolean; others?: () => number } = {},
): Promise<ClientRig> {
  const { proxyProtocol = false, http2 = false, others = () => 0, ...limits } = more
  let aheadMs = 0
  const clock = new Clock(
    () => performance.now() + aheadMs,
    () => Date.now(),
  )
  const deadlines = new Deadlines()
  const flow = new PlayedFlow()
  const pool = new CountingPool()
  const listener = new NativeFreeListener({
    events: flow,
    exchanges: pool,
    limits: { ...LIMITS, ...limits },
    clock,
    turn: new Turn(clock, setImmediate),
    deadlines,
    readBuffer: Buffer.allocUnsafeSlow(64 * 1024),
    onCount: () => {},
    others,
    onHandshake: () => {},
    onHandshakeFailed: () => {},
  })
  const port = await freePort()
  const where = { host: '127.0.0.1', port, path: '', ssl: false, http2, proxyProtocol }
  await listener.listen([{ ...where, reuseport: false, backlog: 100, fd: -1 }])
  t.after(() => listener.close())
  const later = (ms: number): void => {
    aheadMs += ms
    clock.turnEnded()
    deadlines.sweep(clock.now())
  }
  const connect: ClientRig['connect'] = async () => {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    let text = ''
    let isClosed = false
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', () => {}) // a test may well be cut off
    socket.on('close', () => {
      isClosed = true
    })
    socket.on('end', () => {
      isClosed = true
    })
    t.after(() => socket.destroy())
    const before = listener.connections
    // One that owes a preamble does not count yet.
    if (proxyProtocol) await new Promise((resolve) => socket.once('connect', resolve))
    else await until(() => listener.connections > before, 'the connection is accepted')
    return { socket, got: () => text, isClosed: () => isClosed }
  }
  return { port, flow, pool, listener, later, connect }
}

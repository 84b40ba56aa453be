/** transport-rig — the transports to targets over real sockets, told to by a test, and what it told back. */
import net from 'node:net'
import type { TestContext } from 'node:test'
import { Clock } from '../../src/base/clock.ts'
import { Deadlines } from '../../src/base/deadlines.ts'
import type { Fault } from '../../src/base/faults.ts'
import { Turn } from '../../src/base/turn.ts'
import type { Exchange } from '../../src/contract/exchange.ts'
import { type Address, Target } from '../../src/contract/target.ts'
import type { TransportEvents } from '../../src/contract/transport.ts'
import type { Pool, PoolLimits } from '../../src/flow/transport/pool.ts'
import { RequestHead } from '../../src/flow/transport/request-head.ts'
import { Transports } from '../../src/flow/transport/transports.ts'
import { PATIENCE_MS } from './byte-reader.ts'
import { FakeBalancer, FakeClient, makeRoute, makeService, readExchange } from './flow-rig.ts'

/** What came of one try. */
export class Try {
  readonly said: string[] = []
  body = ''
  bodyBytes = 0
  /** What targetBody answers. */
  wantsMore = true
  fault: Fault | null = null
  isOver = false
  onReady: (() => void) | null = null
  onOver: (() => void) | null = null
}

export interface TransportRig {
  readonly transport: Transports
  readonly deadlines: Deadlines
  readonly clock: Clock
  readonly target: Target
  readonly pool: Pool
  /** Sends a request with this head (LF for CRLF). */
  send(text?: string, change?: (x: Exchange) => void): { x: Exchange; told: Try }
  /** Another minute has gone by, as far as limits know. */
  minuteLater(): void
}

export interface TestServer {
  readonly port: number
  readonly sockets: net.Socket[]
}

/** A server that hands each connection, and all it has sent so far each time more comes, to the test. */
export function openServer(
  t: TestContext,
  onData: (socket: net.Socket, soFar: string, connection: number) => void,
): Promise<TestServer> {
  const sockets: net.Socket[] = []
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const connection = sockets.push(socket) - 1
    let soFar = ''
    socket.on('error', () => {}) // a test may well reset it
    socket.on('data', (chunk: Buffer) => {
      soFar += chunk.toString('latin1')
      onData(socket, soFar, connection)
    })
    socket.on('end', () => socket.end())
  })
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve({ port: address !== null && typeof address === 'object' ? address.port : 0, sockets })
    })
  })
}

class Events implements TransportEvents {
  readonly tries = new Map<Exchange, Try>()
  readonly clock: Clock
  constructor(clock: Clock) {
    this.clock = clock
  }
  now(): number {
    return this.clock.now()
  }
  targetReady(x: Exchange): void {
    this.tries.get(x)!.said.push('ready')
    this.tries.get(x)!.onReady?.()
  }
  targetInfo(x: Exchange): void {
    this.tries.get(x)!.said.push(`info ${x.response.status}`)
  }
  targetHead(x: Exchange): void {
    this.tries.get(x)!.said.push(`head ${x.status}`)
  }
  targetBody(x: Exchange, bytes: Buffer, start: number, end: number): boolean {
    const told = this.tries.get(x)!
    told.bodyBytes += end - start
    if (told.bodyBytes < 10_000) told.body += bytes.toString('latin1', start, end)
    return told.wantsMore
  }
  targetEnd(x: Exchange): void {
    this.#end(x, 'end')
  }
  targetHalfEnd(x: Exchange): void {
    this.tries.get(x)!.said.push('half end')
  }
  targetFault(x: Exchange, fault: Fault): void {
    this.tries.get(x)!.fault = fault
    this.#end(x, fault.code)
  }
  targetDrain(x: Exchange): void {
    this.tries.get(x)!.said.push('drain')
  }
  #end(x: Exchange, what: string): void {
    const told = this.tries.get(x)!
    told.said.push(told.isOver ? `${what} AFTER THE END` : what)
    told.isOver = true
    told.onOver?.()
  }
}

export interface RigOptions extends Partial<PoolLimits> {
  readonly pipelining?: boolean
  readonly http?: Address['http']
  readonly tls?: Address['tls']
}

export function makeTransportRig(t: TestContext, port: number, more: RigOptions = {}): TransportRig {
  const clock = new Clock(
    () => performance.now(),
    () => Date.now(),
  )
  const deadlines = new Deadlines()
  const { pipelining = false, http = 'http/1.1', tls = null, ...limits } = more
  const events = new Events(clock)
  const transport = new Transports(
    {
      clock,
      turn: new Turn(clock, setImmediate),
      deadlines,
      limits: {
        connectionsMax: 100,
        queueMax: 100,
        idleMax: 100,
        idleTimeoutMs: 10_000,
        requestsMax: 1000,
        ...limits,
      },
      pipelining,
      head: new RequestHead({ product: 'sluice/1', requestIdUpstream: false, portMaps: new Map() }),
      readBuffer: Buffer.allocUnsafeSlow(64 * 1024),
    },
    events,
  )
  const pool = transport.open({ ip: '127.0.0.1', port, tls, http })
  const target = new Target('a', 'a', Buffer.from('Host: a\r\n'), 1, pool)
  const route = makeRoute(makeService(new FakeBalancer([target])))
  t.after(() => {
    for (const x of events.tries.keys()) x.carrier?.abort(x)
    transport.close()
    deadlines.sweep(Number.MAX_VALUE)
  })
  const send: TransportRig['send'] = (text = 'GET / HTTP/1.1\nHost: a\n', change) => {
    const x = readExchange(text, new FakeClient())
    x.pathBytes = x.request.bytes
    x.pathStart = x.request.pathStart
    x.pathEnd = x.request.pathEnd
    x.route = route
    change?.(x)
    const told = new Try()
    events.tries.set(x, told)
    transport.send(x, target)
    return { x, told }
  }
  let minutes = 0
  const minuteLater = (): void => deadlines.sweep(clock.now() + 60_000 * ++minutes)
  return { transport, deadlines, clock, target, pool, send, minuteLater }
}

/** Lets the event loop turn until something is so; fails after a while. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  const limit = performance.now() + PATIENCE_MS
  while (!isSo()) {
    if (performance.now() > limit) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

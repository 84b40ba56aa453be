/** What a plain request costs in calls: functions of ours between the socket and the target's head, and promises. */
import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import net from 'node:net'
import { type TestContext, test } from 'node:test'
import { NativeFreeListener } from '../../native-free/listener.ts'
import { CidrSet } from '../../src/base/cidr.ts'
import { Clock } from '../../src/base/clock.ts'
import { Deadlines } from '../../src/base/deadlines.ts'
import { type Flushable, Turn } from '../../src/base/turn.ts'
import { Target } from '../../src/contract/target.ts'
import { ChainRunner } from '../../src/flow/chain/chain.ts'
import { Flow } from '../../src/flow/flow.ts'
import { Admission } from '../../src/flow/listener/admit.ts'
import { Exchanges } from '../../src/flow/listener/exchanges.ts'
import { RequestIds } from '../../src/flow/listener/request-ids.ts'
import { Plans } from '../../src/flow/plans.ts'
import { Response } from '../../src/flow/response/response.ts'
import { TargetConnection } from '../../src/flow/transport/connection.ts'
import { RequestHead } from '../../src/flow/transport/request-head.ts'
import { Transports } from '../../src/flow/transport/transports.ts'
import { LIMITS } from '../kit/client-rig.ts'
import { FakeBalancer, makePlan, makeRoute, makeService, RESPONSE_SETTINGS } from '../kit/flow-rig.ts'
import { freePort } from '../kit/ports.ts'

const HOPS_MAX = 8
const REQUESTS = 1000
const REQUEST = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n'
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

class SeenTurn extends Turn {
  onPush: ((item: Flushable) => void) | null = null
  override push(item: Flushable): void {
    this.onPush?.(item)
    super.push(item)
  }
}

function openTarget(t: TestContext): Promise<number> {
  const server = net.createServer((socket) => {
    socket.on('data', () => socket.write(ANSWER))
    socket.on('error', () => {}) // its connection is cut when the test ends
    t.after(() => socket.destroy())
  })
  t.after(() => server.close())
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(portOf(server)))
  })
}

function portOf(server: net.Server): number {
  const address = server.address()
  return address !== null && typeof address === 'object' ? address.port : 0
}

/** The data plane as a worker builds it, with one route to one target. */
async function openGateway(t: TestContext): Promise<{ turn: SeenTurn; port: number }> {
  const clock = new Clock(
    () => performance.now(),
    () => Date.now(),
  )
  const turn = new SeenTurn(clock, setImmediate)
  const deadlines = new Deadlines()
  const readBuffer = Buffer.allocUnsafeSlow(64 * 1024)
  const plans = new Plans()
  const flow = new Flow({
    clock,
    plans,
    admission: new Admission({ trusted: new CidrSet([]), realIpHeader: 'x-real-ip', realIpRecursive: false }),
    chain: new ChainRunner(() => assert.fail('no plugin is set')),
    response: new Response(
      { ...RESPONSE_SETTINGS, requestId: true, viaToken: true, proxyLatency: true },
      clock,
    ),
    tally: { exchange: () => {}, retry: () => {}, tunnel: () => {} },
    later: () => assert.fail('no retry policy is set'),
    random: Math.random,
    tunnelLifetimeMs: 0,
    transport: null,
  })
  const limits = {
    connectionsMax: 100,
    queueMax: 10,
    idleMax: 10,
    idleTimeoutMs: 60_000,
    requestsMax: 1_000_000,
  }
  const head = new RequestHead({ product: 'sluice/1', requestIdUpstream: true, portMaps: new Map() })
  const tools = { clock, turn, deadlines, limits, pipelining: false, head, readBuffer }
  const transport = new Transports(tools, flow)
  flow.stages.transport = transport
  const pool = transport.open({ ip: '127.0.0.1', port: await openTarget(t), tls: null, http: 'http/1.1' })
  const target = new Target('a', 'a', Buffer.from('Host: a\r\n'), 1, pool)
  plans.swap(makePlan(makeRoute(makeService(new FakeBalancer([target])))))
  const listener = new NativeFreeListener({
    events: flow,
    exchanges: new Exchanges(LIMITS, new RequestIds(Buffer.alloc(16, 1))),
    limits: { ...LIMITS, keepAliveRequestsMax: 1_000_000 },
    clock,
    turn,
    deadlines,
    readBuffer,
    onCount: () => {},
    others: () => 0,
    onHandshake: () => {},
    onHandshakeFailed: () => {},
  })
  const port = await freePort()
  const where = { host: '127.0.0.1', port, path: '', ssl: false, http2: false, proxyProtocol: false }
  await listener.listen([{ ...where, reuseport: false, backlog: 10, fd: -1 }])
  t.after(() => {
    listener.close()
    transport.close()
  })
  return { turn, port }
}

/** Sends `count` requests one behind the other; calls back with the number answered. No promise: they are counted. */
function ask(port: number, count: number, done: (answered: number) => void): void {
  const socket = net.connect(port, '127.0.0.1', () => socket.write(REQUEST))
  let answered = 0
  socket.on('error', () => done(answered))
  socket.on('data', (chunk: Buffer) => {
    if (!chunk.toString('latin1').endsWith('\r\n\r\nok')) return
    answered++
    if (answered < count) return void socket.write(REQUEST)
    socket.destroy()
    done(answered)
  })
}

/**
 * Functions of ours on the stack, from the write of the target's head up to the callback of the socket, without
 * that.
 */
function ownFrames(stack: string): string[] {
  return stack
    .split('\n')
    .filter((line) => /\/(src|native-free)\/.*\.js:/.test(line))
    .filter((line) => !line.includes('/src/socket/'))
    .map((line) => line.trim().replace(/^at (\S+).*/, '$1'))
    .filter((name) => name !== 'Socket.callback')
}

test(`at most ${HOPS_MAX} functions stand between a client's bytes and the head for its target`, async (t) => {
  const { turn, port } = await openGateway(t)
  const stacks: string[][] = []
  Error.stackTraceLimit = 60
  turn.onPush = (item) => {
    if (item instanceof TargetConnection) stacks.push(ownFrames(new Error('here').stack ?? ''))
  }
  await new Promise<number>((resolve) => ask(port, 3, resolve))
  // The first request opens the connection: its head leaves from there.
  const plain = stacks.slice(1)
  assert.equal(plain.length, 2)
  for (const frames of plain) {
    assert.ok(frames.length <= HOPS_MAX, `${frames.length} functions: ${frames.join(' ◀ ')}`)
    assert.ok(frames.length > 3, 'the stack was read')
  }
})

test(`${REQUESTS} plain requests make no promise`, async (t) => {
  const { port } = await openGateway(t)
  let promises = 0
  const hook = createHook({
    init(_id, type) {
      if (type === 'PROMISE') promises++
    },
  })
  await new Promise<void>((resolve) => {
    // The connection to the target is there already when counting begins.
    ask(port, 1, () => {
      hook.enable()
      ask(port, REQUESTS, (answered) => {
        hook.disable()
        assert.equal(answered, REQUESTS)
        resolve()
      })
    })
  })
  assert.equal(promises, 0)
})

/** What gRPC clients are told when the gateway answers for itself, and that a target that restarts loses no call. */
import assert from 'node:assert/strict'
import http2 from 'node:http2'
import { after, before, describe, it, type TestContext } from 'node:test'
import { status } from '@grpc/grpc-js'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { type GrpcClient, openGrpcClient } from '../kit/grpc-rig.ts'
import { kongYml } from '../kit/kong-config.ts'
import { connect } from '../kit/raw-client.ts'

const EMPTY = Buffer.alloc(0)
/** An empty message, framed. */
const FRAME = Buffer.alloc(5)
const CALLS_A_SESSION = 10

interface Origin {
  readonly port: number
  sessions: number
  calls: number
}

/** Answers CALLS_A_SESSION calls and then says GOAWAY, as a server that is restarted does. */
function openRestless(t: Pick<TestContext, 'after'>): Promise<Origin> {
  const server = http2.createServer()
  const open = new Set<http2.ServerHttp2Session>()
  const origin = { port: 0, sessions: 0, calls: 0 }
  server.on('session', (session) => {
    origin.sessions++
    open.add(session)
    let calls = 0
    session.on('error', () => {}) // its client has gone
    session.on('stream', (stream) => {
      stream.on('error', () => {}) // refused, being above the last one
      calls++
      if (calls > CALLS_A_SESSION) return
      if (calls === CALLS_A_SESSION) session.goaway(http2.constants.NGHTTP2_NO_ERROR, stream.id ?? 0)
      origin.calls++
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(FRAME)
    })
  })
  t.after(() => {
    for (const session of open) session.destroy()
    server.close()
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      origin.port = address !== null && typeof address === 'object' ? address.port : 0
      resolve(origin)
    })
  })
}

describe('gRPC, when the gateway answers', { timeout: 120_000 }, () => {
  let gateway: Gateway
  let client: GrpcClient
  let origin: Origin
  let silent: { readonly port: number; close(): unknown }
  const ends: (() => unknown)[] = []

  before(async () => {
    // What the kit closes after a test is closed after this suite.
    const t = { after: (end: () => unknown) => ends.push(end) } as unknown as TestContext
    origin = await openRestless(t)
    silent = await openSilent(t)
    const service = (name: string, port: number, more: object = {}) => ({
      name,
      protocol: 'grpc',
      host: '127.0.0.1',
      port,
      ...more,
      routes: [{ name, protocols: ['grpc'], paths: [`/${name}.Service/`] }],
    })
    gateway = await openGateway({
      config: kongYml({
        services: [
          service('restless', origin.port),
          service('down', 1, { retries: 0 }),
          service('silent', silent.port, { read_timeout: 300, retries: 0 }),
          service('patient', silent.port),
          {
            ...service('locked', 1),
            plugins: [{ name: 'key-auth' }],
          },
          {
            ...service('closed', 1),
            plugins: [{ name: 'request-termination', config: { status_code: 503, message: 'back at 5 %' } }],
          },
        ],
      }),
      listen: '127.0.0.1:PORT http2',
    })
    client = openGrpcClient(t, gateway.port)
  })
  after(async () => {
    for (const end of ends) end()
    await gateway?.stop()
  })

  const answers: readonly [service: string, code: number, details: string][] = [
    ['nothing', status.NOT_FOUND, 'no Route matched with those values'],
    ['down', status.INTERNAL, 'An invalid response was received from the upstream server'],
    ['silent', status.DEADLINE_EXCEEDED, 'The upstream server is timing out'],
    ['locked', status.UNAUTHENTICATED, 'No API key found in request'],
    ['closed', status.UNAVAILABLE, 'back at 5 %'],
  ]
  for (const [service, code, details] of answers)
    it(`${service}: ${status[code]} "${details}"`, async () => {
      const { status: told } = await client.unary(EMPTY, {}, `/${service}.Service/Call`)
      assert.deepEqual([told.code, told.details], [code, details])
    })

  it("a call's own deadline ends it at the target, and its client is told", async () => {
    // By hand: a client of gRPC would end it itself.
    const session = http2.connect(`http://127.0.0.1:${gateway.port}`)
    const stream = session.request({
      ':method': 'POST',
      ':path': '/patient.Service/Call',
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': '200m',
    })
    stream.end(FRAME)
    const fields = await new Promise<http2.IncomingHttpHeaders>((resolve, reject) => {
      stream.on('response', resolve)
      stream.on('error', reject)
    })
    session.destroy()
    assert.deepEqual(
      [fields[':status'], fields['content-type'], fields['grpc-status'], fields['grpc-message']],
      [200, 'application/grpc', '4', 'the deadline of the call has passed'],
    )
  })

  it('who calls itself gRPC over HTTP/1.1 is asked for HTTP/2', async () => {
    const raw = await connect({ port: gateway.port })
    try {
      await raw.send(
        'POST /down.Service/Call HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n',
      )
      const told = await raw.answer('POST')
      assert.equal(told.status, 426)
    } finally {
      raw.destroy()
    }
  })

  it(`a target that says GOAWAY every ${CALLS_A_SESSION} calls loses none`, async () => {
    const total = 400
    let left = total
    const codes = new Map<number, number>()
    const one = async (): Promise<void> => {
      while (left-- > 0) {
        const { status: told } = await client.unary(EMPTY, {}, '/restless.Service/Call')
        codes.set(told.code, (codes.get(told.code) ?? 0) + 1)
      }
    }
    await Promise.all(Array.from({ length: 40 }, one))
    assert.deepEqual([...codes], [[status.OK, total]])
    assert.equal(origin.calls, total, 'and makes none twice')
    assert.ok(origin.sessions >= total / CALLS_A_SESSION, `${origin.sessions} sessions`)
  })
})

/** Accepts calls, and says nothing. */
function openSilent(t: Pick<TestContext, 'after'>): Promise<{ port: number; close(): unknown }> {
  const server = http2.createServer()
  const open = new Set<http2.ServerHttp2Session>()
  server.on('session', (session) => {
    open.add(session)
    session.on('error', () => {}) // its client has gone
    session.on('stream', (stream) => stream.on('error', () => {}).resume())
  })
  const close = () => {
    for (const session of open) session.destroy()
    server.close()
  }
  t.after(close)
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve({ port: address !== null && typeof address === 'object' ? address.port : 0, close })
    })
  })
}

/**
 * gRPC through the gateway: the cases of the gRPC interoperability suite by name, in the clear and over TLS.
 *
 * Only the native-free engine speaks HTTP/2 to clients. Messages are plain bytes: what is in them is nobody's business
 * on the way.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, it, type TestContext } from 'node:test'
import { Metadata, type ServerDuplexStream, status } from '@grpc/grpc-js'
import { makeAuthority, makeLeaf } from '../kit/certificates.ts'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { type GrpcClient, type Handlers, openGrpcClient, openGrpcServer, SERVICE } from '../kit/grpc-rig.ts'
import { kongYml } from '../kit/kong-config.ts'

const EMPTY = Buffer.alloc(0)
const STREAM_SIZES = [31415, 9, 2653, 58979]
const UPLOAD_SIZES = [27182, 8, 1828, 45904]
const SPECIAL = '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n'
const ECHO_INITIAL = 'x-grpc-test-echo-initial'
const ECHO_TRAILING = 'x-grpc-test-echo-trailing-bin'

/** What the server has been told of the calls that were cancelled. */
let cancelled: () => void = () => {}

function sized(size: number): Buffer {
  const message = Buffer.alloc(4)
  message.writeUInt32BE(size)
  return message
}

/** Sends what is asked for: a message of so many bytes for each 4 bytes; nothing for others. */
function answerEach(call: ServerDuplexStream<Buffer, Buffer>): void {
  const echo = call.metadata.get(ECHO_INITIAL)
  if (echo.length > 0) {
    const metadata = new Metadata()
    metadata.set(ECHO_INITIAL, echo[0]!)
    call.sendMetadata(metadata)
  }
  call.on('cancelled', () => cancelled())
  call.on('data', (message: Buffer) => {
    if (message.toString() === 'fail')
      return void call.emit('error', { code: status.UNKNOWN, details: 'test status message' })
    if (message.toString() === 'sleep') return
    call.write(Buffer.alloc(message.readUInt32BE(0), 7))
  })
  call.on('end', () => call.end(trailing(call.metadata)))
}

function trailing(metadata: Metadata): Metadata {
  const back = new Metadata()
  const echo = metadata.get(ECHO_TRAILING)
  if (echo.length > 0) back.set(ECHO_TRAILING, echo[0]!)
  return back
}

const handlers: Handlers = {
  Unary: (call, done) => {
    const text = call.request.toString('utf8', 0, 32)
    if (text === 'special') return done({ code: status.UNKNOWN, details: SPECIAL })
    if (text === 'fail') return done({ code: status.UNKNOWN, details: 'test status message' })
    const echo = call.metadata.get(ECHO_INITIAL)
    const metadata = new Metadata()
    if (echo.length > 0) metadata.set(ECHO_INITIAL, echo[0]!)
    call.sendMetadata(metadata)
    done(null, call.request.length > 4 ? Buffer.alloc(314159, 7) : call.request, trailing(call.metadata))
  },
  ClientStream: (call, done) => {
    let size = 0
    call.on('data', (message: Buffer) => {
      size += message.length
    })
    call.on('cancelled', () => cancelled())
    call.on('end', () => done(null, sized(size)))
  },
  ServerStream: (call) => {
    for (let at = 0; at < call.request.length; at += 4)
      call.write(Buffer.alloc(call.request.readUInt32BE(at), 7))
    call.end()
  },
  Both: answerEach,
}

function config(port: number, protocol: 'grpc' | 'grpcs', pem: Readonly<Record<string, unknown>>[]): string {
  const routes = [
    { name: 'all', protocols: [protocol], paths: ['/'] },
    {
      name: 'limited',
      protocols: [protocol],
      paths: ['/limited.Service/'],
      plugins: [{ name: 'rate-limiting', config: { minute: 1, policy: 'local' } }],
    },
  ]
  const service = { name: 'calls', protocol, host: '127.0.0.1', port, routes }
  return kongYml({ services: [service], ...(pem.length === 0 ? {} : { certificates: pem }) })
}

for (const protocol of ['grpc', 'grpcs'] as const) {
  describe(`gRPC ${protocol === 'grpc' ? 'in the clear' : 'over TLS'}`, { timeout: 60_000 }, () => {
    let gateway: Gateway
    let client: GrpcClient
    const ends: (() => unknown)[] = []

    before(async () => {
      // What the kit closes after a test is closed after this suite.
      const t = { after: (end: () => unknown) => ends.push(end) } as unknown as TestContext
      const authority = await makeAuthority('authority')
      const pem = await makeLeaf(authority, { names: ['localhost'] })
      const isTls = protocol === 'grpcs'
      const port = await openGrpcServer(t, handlers, isTls ? pem : undefined)
      const certificates = isTls ? [{ ...pem, snis: [{ name: 'localhost' }] }] : []
      gateway = await openGateway({
        config: config(port, protocol, certificates),
        listen: `127.0.0.1:PORT http2${isTls ? ' ssl' : ''}`,
      })
      client = openGrpcClient(t, gateway.port, isTls ? authority.cert : undefined)
    })
    after(async () => {
      for (const end of ends) end()
      await gateway?.stop()
    })

    it('empty_unary', async () => {
      const { status: told, messages } = await client.unary(EMPTY)
      assert.deepEqual([told.code, messages], [status.OK, [EMPTY]])
    })

    it('large_unary', async () => {
      const { status: told, messages } = await client.unary(Buffer.alloc(271828, 1))
      assert.deepEqual([told.code, messages.map((message) => message.length)], [status.OK, [314159]])
    })

    it('client_streaming', async () => {
      const { stream, outcome } = client.upload()
      for (const size of UPLOAD_SIZES) stream.write(Buffer.alloc(size))
      stream.end()
      const { status: told, messages } = await outcome
      assert.deepEqual([told.code, messages], [status.OK, [sized(74922)]])
    })

    it('server_streaming', async () => {
      const { status: told, messages } = await client.download(Buffer.concat(STREAM_SIZES.map(sized))).outcome
      assert.deepEqual([told.code, messages.map((message) => message.length)], [status.OK, STREAM_SIZES])
    })

    it('ping_pong', async () => {
      const { stream, outcome } = client.both()
      for (const size of STREAM_SIZES) {
        stream.write(sized(size))
        const [message] = await once(stream, 'data')
        assert.equal(message.length, size)
      }
      stream.end()
      assert.equal((await outcome).status.code, status.OK)
    })

    it('empty_stream', async () => {
      const { stream, outcome } = client.both()
      stream.end()
      const { status: told, messages } = await outcome
      assert.deepEqual([told.code, messages], [status.OK, []])
    })

    it('timeout_on_sleeping_server', async () => {
      const { stream, outcome } = client.both({ deadlineMs: 50 })
      stream.write(Buffer.from('sleep'))
      assert.equal((await outcome).status.code, status.DEADLINE_EXCEEDED)
    })

    it('cancel_after_begin', async () => {
      const { stream, outcome } = client.upload()
      stream.cancel()
      assert.equal((await outcome).status.code, status.CANCELLED)
    })

    it('cancel_after_first_response', async () => {
      const gone = new Promise<void>((resolve) => {
        cancelled = resolve
      })
      const { stream, outcome } = client.both()
      stream.write(sized(31415))
      const [message] = await once(stream, 'data')
      assert.equal(message.length, 31415)
      stream.cancel()
      assert.equal((await outcome).status.code, status.CANCELLED)
      await gone
    })

    it('status_code_and_message', async () => {
      const unary = await client.unary(Buffer.from('fail'))
      const { stream, outcome } = client.both()
      stream.write(Buffer.from('fail'))
      for (const { status: told } of [unary, await outcome])
        assert.deepEqual([told.code, told.details], [status.UNKNOWN, 'test status message'])
    })

    it('special_status_message', async () => {
      const { status: told } = await client.unary(Buffer.from('special'))
      assert.deepEqual([told.code, told.details], [status.UNKNOWN, SPECIAL])
    })

    it('custom_metadata', async () => {
      const metadata = {
        [ECHO_INITIAL]: 'test_initial_metadata_value',
        [ECHO_TRAILING]: Buffer.from('ababab', 'hex'),
      }
      const { stream, outcome } = client.both({ metadata })
      stream.end(sized(9))
      for (const each of [await client.unary(EMPTY, { metadata }), await outcome]) {
        assert.equal(each.status.code, status.OK)
        assert.deepEqual(each.metadata.get(ECHO_INITIAL), ['test_initial_metadata_value'])
        assert.deepEqual(each.status.metadata.get(ECHO_TRAILING), [Buffer.from('ababab', 'hex')])
      }
    })

    it('unimplemented_method', async () => {
      const { status: told } = await client.unary(EMPTY, {}, `/${SERVICE}/Nothing`)
      assert.equal(told.code, status.UNIMPLEMENTED)
    })

    it('unimplemented_service', async () => {
      const { status: told } = await client.unary(EMPTY, {}, '/grpc.testing.Nothing/Unary')
      assert.equal(told.code, status.UNIMPLEMENTED)
    })

    it('a message of 8 MB each way, and 50 calls at once', async () => {
      const { stream, outcome } = client.both()
      stream.end(sized(8 * 2 ** 20))
      const { messages } = await outcome
      assert.equal(messages[0]?.length, 8 * 2 ** 20)
      const big = await client.unary(Buffer.alloc(8 * 2 ** 20, 1))
      assert.equal(big.status.code, status.OK)
      const many = await Promise.all(Array.from({ length: 50 }, () => client.unary(sized(1))))
      assert.ok(many.every((each) => each.status.code === status.OK && each.messages.length === 1))
    })

    it('a limit of a plugin is RESOURCE_EXHAUSTED', async () => {
      const first = await client.unary(EMPTY, {}, '/limited.Service/Unary')
      assert.equal(first.status.code, status.UNIMPLEMENTED)
      const { status: told } = await client.unary(EMPTY, {}, '/limited.Service/Unary')
      assert.deepEqual([told.code, told.details], [status.RESOURCE_EXHAUSTED, 'API rate limit exceeded'])
    })
  })
}

/** gRPC-Web over HTTP/1.1, byte by byte, on both engines: the client needs no HTTP/2, only the target does. */
import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { status } from '@grpc/grpc-js'
import { ENGINES } from '../kit/each-engine.ts'
import { engineMissing, type Gateway, openGateway } from '../kit/gateway.ts'
import { openGrpcServer, SERVICE } from '../kit/grpc-rig.ts'
import { kongYml } from '../kit/kong-config.ts'
import type { Message } from '../kit/message.ts'
import { ask, type Bytes } from '../kit/raw-client.ts'

const OK_TRAILERS = 'grpc-status:0\r\n'

function frame(text: string, flag = 0): Buffer {
  const bytes = Buffer.from(text)
  const head = Buffer.alloc(5)
  head[0] = flag
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

/** Flag and content of each frame. */
function framesOf(bytes: Buffer): [flag: number, text: string][] {
  const found: [number, string][] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1)
    found.push([bytes[at]!, bytes.toString('utf8', at + 5, end)])
    at = end
  }
  return found
}

/** Base64 in pieces that are padded each. */
function decode(text: string): Buffer {
  return Buffer.concat((text.match(/[A-Za-z0-9+/]+=*/g) ?? []).map((piece) => Buffer.from(piece, 'base64')))
}

function config(port: number): string {
  const web = { protocols: ['http'], strip_path: false, plugins: [{ name: 'grpc-web' }] }
  const service = { protocol: 'grpc', host: '127.0.0.1', port }
  return kongYml({
    services: [
      {
        ...service,
        name: 'calls',
        routes: [{ ...web, name: 'calls', paths: ['/grpc.testing.TestService/'] }],
      },
      {
        ...service,
        name: 'down',
        port: 1,
        retries: 0,
        routes: [{ ...web, name: 'down', paths: ['/down/'] }],
      },
      {
        ...service,
        name: 'locked',
        routes: [
          { ...web, name: 'locked', paths: ['/locked/'], plugins: [...web.plugins, { name: 'key-auth' }] },
        ],
      },
    ],
  })
}

for (const engine of ENGINES) {
  const skip = engineMissing(engine)
  describe(`gRPC-Web (${engine})`, skip === '' ? { timeout: 60_000 } : { skip }, () => {
    let gateway: Gateway
    const ends: (() => unknown)[] = []

    before(async () => {
      // What the kit closes after a test is closed after this suite.
      const t = { after: (end: () => unknown) => ends.push(end) } as unknown as TestContext
      const port = await openGrpcServer(t, {
        Unary: (call, done) => {
          if (call.request.toString() === 'fail') done({ code: status.ABORTED, details: 'no' })
          else done(null, call.request)
        },
        ServerStream: (call) => {
          for (const text of ['one', 'two']) call.write(Buffer.from(text))
          call.end()
        },
      })
      gateway = await openGateway({ config: config(port), engine })
    })
    after(async () => {
      for (const end of ends) end()
      await gateway?.stop()
    })

    function call(path: string, type: string, body: Bytes): Promise<Message> {
      const bytes = Buffer.from(body)
      const head =
        `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nOrigin: http://shop.test\r\n` +
        `Content-Length: ${bytes.length}\r\n\r\n`
      return ask({ port: gateway.port }, Buffer.concat([Buffer.from(head), bytes]), 'POST')
    }

    const unary = `/${SERVICE}/Unary`
    const field = (message: Message, name: string) => message.get(name)

    it('a message each way, in bytes', async () => {
      const told = await call(unary, 'application/grpc-web+proto', frame('hello'))
      assert.deepEqual(
        [told.status, field(told, 'content-type'), field(told, 'access-control-allow-origin')],
        [200, 'application/grpc-web+proto', '*'],
      )
      assert.deepEqual(framesOf(told.body).slice(0, 1), [[0, 'hello']])
      assert.match(framesOf(told.body)[1]?.[1] ?? '', /^grpc-status:0\r\n/)
    })

    it('a message each way, in base64', async () => {
      const body = frame('hello').toString('base64')
      const told = await call(unary, 'application/grpc-web-text', body)
      assert.equal(field(told, 'content-type'), 'application/grpc-web-text')
      const [first, last] = framesOf(decode(told.body.toString()))
      assert.deepEqual(first, [0, 'hello'])
      assert.equal(last?.[0], 0x80)
      assert.ok(last?.[1].startsWith(OK_TRAILERS))
    })

    it('a stream of answers', async () => {
      const told = await call(`/${SERVICE}/ServerStream`, 'application/grpc-web', frame(''))
      assert.deepEqual(
        framesOf(told.body).map(([flag, text]) => [flag, text.slice(0, 11)]),
        [
          [0, 'one'],
          [0, 'two'],
          [0x80, 'grpc-status'],
        ],
      )
    })

    it('the status of a call that failed, in the last frame', async () => {
      const told = await call(unary, 'application/grpc-web', frame('fail'))
      const [last] = framesOf(told.body)
      assert.equal(last?.[0], 0x80)
      assert.match(last?.[1] ?? '', /^grpc-status:10\r\n/m)
      assert.match(last?.[1] ?? '', /^grpc-message:no\r\n/m)
    })

    it('what the gateway says itself is in the last frame too', async () => {
      for (const [path, code] of [
        ['/down/Call', 13],
        ['/locked/Call', 16],
      ] as const) {
        const told = await call(path, 'application/grpc-web', frame('x'))
        assert.deepEqual([told.status, field(told, 'access-control-allow-origin')], [200, '*'], path)
        assert.ok(framesOf(told.body)[0]?.[1].startsWith(`grpc-status:${code}\r\n`), told.body.toString())
      }
    })

    it('a preflight is answered', async () => {
      const told = await ask(
        { port: gateway.port },
        `OPTIONS ${unary} HTTP/1.1\r\nHost: a\r\nOrigin: http://shop.test\r\n\r\n`,
        'OPTIONS',
      )
      assert.deepEqual(
        [told.status, told.body.toString(), field(told, 'access-control-allow-methods')],
        [200, 'OK', 'POST'],
      )
    })

    it('what is no base64, and JSON, is refused', async () => {
      const garbage = await call(unary, 'application/grpc-web-text', 'a*b=')
      const [last] = framesOf(decode(garbage.body.toString()))
      assert.deepEqual([garbage.status, last?.[0]], [200, 0x80])
      assert.match(last?.[1] ?? '', /^grpc-status:3\r\n/)
      const json = await call(unary, 'application/json', '{}')
      assert.equal(json.status, 400)
      assert.match(json.body.toString(), /require a \.proto file/)
    })
  })
}

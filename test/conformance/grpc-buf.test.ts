/** `buf curl`, which is written in Go and knows nothing of us, calls through the gateway: gRPC, gRPC-Web, Connect. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import http2 from 'node:http2'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { status } from '@grpc/grpc-js'
import { packageRoot } from '../../src/boot/machine.ts'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { openGrpcServer, SERVICE } from '../kit/grpc-rig.ts'
import { kongYml } from '../kit/kong-config.ts'

const BUF = join(packageRoot(), 'node_modules/.bin/buf')
const SCHEMA = join(packageRoot(), 'test/fixtures/grpc/test-service.proto')

interface Told {
  readonly out: string
  readonly problem: string
}

/** Speaks Connect as far as one unary call goes: the message back, in the form it came in. */
function openConnectTarget(t: Pick<TestContext, 'after'>): Promise<number> {
  const server = http2.createServer()
  server.on('stream', (stream, fields) => {
    stream.on('error', () => {}) // the gateway is stopped first
    stream.respond({ ':status': 200, 'content-type': fields['content-type'] ?? '' })
    stream.pipe(stream)
  })
  const sessions = new Set<http2.ServerHttp2Session>()
  server.on('session', (session) => sessions.add(session))
  t.after(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(address !== null && typeof address === 'object' ? address.port : 0)
    })
  })
}

function config(calls: number, connect: number): string {
  const web = {
    name: 'web',
    protocols: ['http'],
    paths: ['/web'],
    plugins: [{ name: 'grpc-web', config: { pass_stripped_path: true } }],
  }
  return kongYml({
    services: [
      {
        name: 'calls',
        protocol: 'grpc',
        host: '127.0.0.1',
        port: calls,
        routes: [{ name: 'all', protocols: ['grpc'], paths: ['/'] }, web],
      },
      {
        name: 'connect',
        protocol: 'http',
        http2: 'prior_knowledge',
        host: '127.0.0.1',
        port: connect,
        routes: [{ name: 'connect', paths: ['/connect'] }],
      },
    ],
  })
}

describe('buf curl', { timeout: 60_000 }, () => {
  let gateway: Gateway
  const ends: (() => unknown)[] = []

  before(async () => {
    // What the kit closes after a test is closed after this suite.
    const t = { after: (end: () => unknown) => ends.push(end) } as unknown as TestContext
    const calls = await openGrpcServer(t, {
      Unary: (call, done) => {
        if (call.request.includes('fail')) done({ code: status.NOT_FOUND, details: 'so it is: ß' })
        else done(null, call.request)
      },
      ServerStream: (call) => {
        for (let i = 0; i < 3; i++) call.write(call.request)
        call.end()
      },
    })
    gateway = await openGateway({
      config: config(calls, await openConnectTarget(t)),
      listen: '127.0.0.1:PORT http2',
    })
  })
  after(async () => {
    for (const end of ends) end()
    await gateway?.stop()
  })

  function buf(path: string, text: string, ...words: string[]): Promise<Told> {
    const url = `http://127.0.0.1:${gateway.port}${path}`
    const all = ['curl', '--schema', SCHEMA, '-d', JSON.stringify({ text }), ...words, url]
    // What it keeps goes where the gateway's own things go.
    const env = { ...process.env, HOME: gateway.folder, BUF_CACHE_DIR: gateway.folder }
    return new Promise((resolve) => {
      execFile(BUF, all, { env }, (_error, out, problem) => resolve({ out, problem }))
    })
  }

  /** The messages of the output, which is JSON over several lines. */
  function texts(told: Told): string[] {
    const found = [...told.out.matchAll(/"text":\s*"([^"]*)"/g)].map((match) => match[1] ?? '')
    assert.notEqual(found.length, 0, told.problem)
    return found
  }

  const ways: readonly [name: string, prefix: string, words: string[]][] = [
    ['gRPC', '', ['--protocol', 'grpc', '--http2-prior-knowledge']],
    ['gRPC-Web over HTTP/1.1', '/web', ['--protocol', 'grpcweb']],
    ['gRPC-Web over HTTP/2', '/web', ['--protocol', 'grpcweb', '--http2-prior-knowledge']],
  ]
  for (const [name, prefix, words] of ways) {
    it(`${name}: one message each way`, async () => {
      assert.deepEqual(texts(await buf(`${prefix}/${SERVICE}/Unary`, 'hello', ...words)), ['hello'])
    })

    it(`${name}: a stream of answers`, async () => {
      assert.deepEqual(texts(await buf(`${prefix}/${SERVICE}/ServerStream`, 'x', ...words)), ['x', 'x', 'x'])
    })

    it(`${name}: the status of a call that failed`, async () => {
      const { problem } = await buf(`${prefix}/${SERVICE}/Unary`, 'fail', ...words)
      assert.match(problem, /not_found/)
      assert.match(problem, /so it is: ß/)
    })
  }

  for (const words of [[], ['--http2-prior-knowledge']])
    it(`Connect over HTTP/${words.length === 0 ? '1.1' : '2'}, to a target that speaks HTTP/2`, async () => {
      const told = await buf(`/connect/${SERVICE}/Unary`, 'hello', '--protocol', 'connect', ...words)
      assert.deepEqual(texts(told), ['hello'])
    })
})

/** What a gRPC probe makes of servers that serve, do not, know nothing of health, or are gone. */
import assert from 'node:assert/strict'
import http2 from 'node:http2'
import { type TestContext, test } from 'node:test'
import { type GrpcProbeOptions, judgeAnswer, makeGrpcProbe } from './grpc-probe.ts'
import type { ProbeResult } from './probe.ts'

const OPTIONS: GrpcProbeOptions = {
  isTls: false,
  service: '',
  limitMs: 10_000,
  hostHeader: null,
  sni: null,
  verify: true,
  trusted: [],
  certificate: null,
}

interface Asked {
  path: string
  authority: string
  body: string
}

/** `answer`: the status of health, or null for one that says nothing. */
function serve(t: TestContext, answer: number | null): Promise<{ port: number; asked: Asked[] }> {
  const asked: Asked[] = []
  const server = http2.createServer()
  const open = new Set<http2.ServerHttp2Session>()
  server.on('session', (session) => open.add(session))
  server.on('stream', (stream, fields) => {
    const chunks: Buffer[] = []
    stream.on('error', () => {}) // the probe may leave
    stream.on('data', (bytes: Buffer) => chunks.push(bytes))
    stream.on('end', () => {
      const body = Buffer.concat(chunks).toString('hex')
      asked.push({ path: fields[':path'] ?? '', authority: fields[':authority'] ?? '', body })
      if (answer === null) return
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, answer]))
    })
  })
  t.after(() => {
    for (const session of open) session.destroy()
    server.close()
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve({ port: address !== null && typeof address === 'object' ? address.port : 0, asked })
    })
  })
}

function ask(port: number, options: Partial<GrpcProbeOptions> = {}): Promise<ProbeResult> {
  return makeGrpcProbe({ ...OPTIONS, ...options })({ address: { ip: '127.0.0.1', port }, host: 'shop.test' })
}

test('a server that serves is well, and is asked for the service that was named', async (t) => {
  const server = await serve(t, 1)
  assert.deepEqual(await ask(server.port), { kind: 'connected' })
  assert.deepEqual(await ask(server.port, { service: 'a.B', hostHeader: 'own.test' }), { kind: 'connected' })
  assert.deepEqual(server.asked, [
    { path: '/grpc.health.v1.Health/Check', authority: `shop.test:${server.port}`, body: '0000000000' },
    { path: '/grpc.health.v1.Health/Check', authority: 'own.test', body: '00000000050a03612e42' },
  ])
})

test('a server that does not serve says so', async (t) => {
  const server = await serve(t, 2)
  assert.deepEqual(await ask(server.port), { kind: 'refused', why: 'NOT_SERVING' })
})

test('no answer in time is a timeout, no connection a failure', async (t) => {
  const server = await serve(t, null)
  assert.deepEqual(await ask(server.port, { limitMs: 200 }), { kind: 'timeout' })
  const gone = await ask(1)
  assert.equal(gone.kind, 'failed')
  assert.match(JSON.stringify(gone), /ECONNREFUSED/)
})

test('a server without the health service is alive; other statuses, and none, are no sign of health', () => {
  const none = Buffer.alloc(0)
  assert.deepEqual(judgeAnswer('12', '', none), { kind: 'connected' })
  assert.deepEqual(judgeAnswer('5', 'unknown service', none), {
    kind: 'refused',
    why: 'grpc-status 5 unknown service',
  })
  assert.equal(judgeAnswer('', '', none).kind, 'failed')
  assert.deepEqual(judgeAnswer('0', '', Buffer.from([0, 0, 0, 0, 0])), { kind: 'refused', why: 'UNKNOWN' })
})

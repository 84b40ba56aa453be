/** HTTP/2 through the whole gateway, with Node's own client: streams at once, bodies, trailers, resets, the end. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import { Readable } from 'node:stream'
import { after, before, beforeEach, test } from 'node:test'
import { answers, neverAnswers } from '../kit/behaviours.ts'
import { until } from '../kit/command.ts'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { catchAll } from '../kit/kong-config.ts'
import { ask, get } from '../kit/raw-client.ts'
import { type Call, openTarget, type TestTarget } from '../kit/test-target.ts'

const MEGABYTE = 1024 * 1024
const CASE = { timeout: 60_000 }

interface Answered {
  readonly status: number
  readonly headers: http2.IncomingHttpHeaders
  readonly body: Buffer
  readonly trailers: http2.IncomingHttpHeaders
  /** '' when it ended as it should. */
  readonly error: string
}

/** All of an answer, however it ends. */
function collect(stream: http2.ClientHttp2Stream): Promise<Answered> {
  return new Promise((resolve) => {
    let headers: http2.IncomingHttpHeaders = {}
    let trailers: http2.IncomingHttpHeaders = {}
    let error = ''
    const chunks: Buffer[] = []
    stream.on('response', (got) => {
      headers = got
    })
    stream.on('trailers', (got) => {
      trailers = got
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', (failure) => {
      error = failure.message
    })
    stream.on('close', () => {
      const status = Number(headers[':status'] ?? 0)
      resolve({ status, headers, body: Buffer.concat(chunks), trailers, error })
    })
  })
}

function connectTo(gateway: Gateway): http2.ClientHttp2Session {
  const session = http2.connect(`http://127.0.0.1:${gateway.port}`)
  session.on('error', () => {}) // each stream tells its own
  return session
}

let gateway: Gateway
let target: TestTarget
let session: http2.ClientHttp2Session

before(async () => {
  target = await openTarget(answers())
  gateway = await openGateway({
    config: catchAll(target.port),
    listen: '127.0.0.1:PORT http2',
    env: { SLUICE_PROXY_ACCESS_LOG: '/dev/stdout' },
  })
})
after(async () => {
  session?.destroy()
  await gateway?.stop()
  await target?.close()
})
beforeEach(() => {
  session?.destroy()
  session = connectTo(gateway)
  target.behave = answers()
  target.forget()
})

function fetchPath(path: string, more: http2.OutgoingHttpHeaders = {}): Promise<Answered> {
  return collect(session.request({ ':path': path, ...more }))
}

test('a request goes to its target as HTTP/1.1, and the log says what the client spoke', CASE, async () => {
  const { status, body } = await fetchPath('/a?b=c', { cookie: ['x=1', 'y=2'], 'x-own': 'z' })
  assert.deepEqual([status, body.toString()], [200, 'ok'])
  const { head } = target.last
  assert.match(head, /^GET \/a\?b=c HTTP\/1\.1\r\n/)
  assert.match(head, /\r\ncookie: x=1; y=2\r\n/i)
  assert.match(head, /\r\nVia: 2 sluice/)
  assert.match(head, /\r\nX-Forwarded-Proto: http\r\n/)
  await until('the log line', () => gateway.log.some((line) => line.includes('"GET /a?b=c HTTP/2.0" 200 2')))
})

test('a hundred streams at once are answered as their answers come', CASE, async () => {
  const waiting: Call[] = []
  target.behave = (call) => {
    waiting.push(call)
  }
  const asked = Array.from({ length: 100 }, (_, i) => fetchPath(`/${i}`))
  await until('all of them', () => waiting.length === 100)
  for (const call of waiting.reverse()) {
    const path = call.request.target
    call.send(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`)
  }
  const got = await Promise.all(asked)
  assert.deepEqual(
    got.map(({ body }) => body.toString()),
    asked.map((_, i) => `/${i}`),
  )
})

test('HTTP/1.1 is served on the same port, and Upgrade: h2c stays HTTP/1.1', CASE, async () => {
  const upgrade = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'
  const answer = await ask(
    { port: gateway.port },
    `GET / HTTP/1.1\r\nHost: a\r\n${upgrade}Connection: close\r\n\r\n`,
  )
  assert.equal(answer.status, 200)
  assert.doesNotMatch(target.last.head, /h2c|HTTP2-Settings/i)
})

test('a body of many megabytes goes up, held back by a target that reads slowly', CASE, async () => {
  let release = (): void => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  let got = 0
  target.behave = async (call) => {
    if (!call.request.head.startsWith('POST'))
      return call.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    await released
    got = (await call.body()).length
    call.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone')
  }
  let made = 0
  const pieces = function* (): Generator<Buffer> {
    for (; made < 64; made++) yield Buffer.alloc(MEGABYTE, 1)
  }
  const stream = session.request({ ':path': '/up', ':method': 'POST' })
  const answer = collect(stream)
  const before = gateway.rss
  Readable.from(pieces(), { objectMode: false }).pipe(stream)
  await target.arrived(1)
  await until('the client is held back', () => stream.writableNeedDrain)
  for (let i = 0; i < 20; i++) {
    const { status, error } = await fetchPath('/beside')
    assert.deepEqual([status, error], [200, ''], 'others go on meanwhile')
  }
  assert.ok(made < 40, 'the client is held back by the target')
  assert.ok(gateway.rss - before < 40 * MEGABYTE, 'the body is not gathered')
  release()
  assert.equal((await answer).body.toString(), 'done')
  assert.equal(got, 64 * MEGABYTE)
})

test('a large answer waits for a client that does not read it, and others pass it by', CASE, async () => {
  const large = Buffer.alloc(32 * MEGABYTE, 120)
  target.behave = async (call) => {
    const isLarge = call.request.head.startsWith('GET /large')
    const body = isLarge ? large : Buffer.from('ok')
    call.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`)
    call.send(body)
  }
  const stream = session.request({ ':path': '/large' })
  await new Promise((resolve) => stream.once('response', resolve))
  const { socket } = await target.arrived(1)
  for (let i = 0; i < 20; i++) assert.equal((await fetchPath('/small')).body.toString(), 'ok')
  assert.ok(socket.writableLength > 0, 'the target is held back')
  const { body, error } = await collect(stream)
  assert.equal(error, '')
  assert.ok(body.equals(large))
})

test('trailers of an answer come to a client that takes them', CASE, async () => {
  target.behave = (call) =>
    call.send(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n',
    )
  const got = await fetchPath('/', { te: 'trailers' })
  assert.deepEqual([got.body.toString(), got.trailers['x-sum']], ['ok', '7'])
  assert.equal((await fetchPath('/')).trailers['x-sum'], undefined)
})

test('trailers of a request go on where they were announced', CASE, async () => {
  const stream = session.request(
    { ':path': '/', ':method': 'POST', trailer: 'x-sum' },
    { waitForTrailers: true },
  )
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '7', authorization: 'no' }))
  stream.end('hello')
  assert.equal((await collect(stream)).status, 200)
  assert.equal(target.last.body.toString(), 'hello')
  const trailers = target.last.trailers.map(([name, value]) => `${name.toLowerCase()}: ${value}`)
  assert.deepEqual(trailers, ['x-sum: 7'])
})

test('an interim answer and the answer behind it both come', CASE, async () => {
  target.behave = (call) =>
    call.send('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  const stream = session.request({ ':path': '/' })
  const infos: unknown[] = []
  stream.on('headers', (headers) => infos.push(headers[':status'], headers['link']))
  assert.equal((await collect(stream)).body.toString(), 'ok')
  assert.deepEqual(infos, [103, '</a>'])
})

test('a client that resets its stream frees the connection to the target', CASE, async () => {
  target.behave = neverAnswers
  const stream = session.request({ ':path': '/never' })
  const ended = collect(stream)
  const { socket } = await target.arrived(1)
  stream.close(http2.constants.NGHTTP2_CANCEL)
  await ended
  await until('the connection is closed', () => socket.destroyed)
  target.behave = answers()
  assert.equal((await fetchPath('/')).status, 200, 'the session lives on')
})

test('an answer that the target cuts is reset, and other streams live on', CASE, async () => {
  target.behave = (call) => {
    if (call.request.head.startsWith('GET /whole')) return answers()(call)
    call.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
    call.socket.end()
  }
  const [cut, whole] = await Promise.all([fetchPath('/cut'), fetchPath('/whole')])
  assert.notEqual(cut.error, '', 'half an answer does not look whole')
  assert.equal(whole.status, 200)
  assert.equal(session.destroyed, false)
})

test('an upload that is refused early costs its stream and not the session', CASE, async () => {
  target.behave = (call) => {
    call.send('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno')
    call.socket.end()
  }
  const stream = session.request({ ':path': '/', ':method': 'POST' })
  stream.end(Buffer.alloc(4 * MEGABYTE))
  const { status, body } = await collect(stream)
  assert.deepEqual([status, body.toString()], [413, 'no'])
  target.behave = answers()
  assert.equal((await fetchPath('/')).status, 200)
})

test('a new configuration under load loses no request and no session', CASE, async () => {
  let isOver = false
  let lost = 0
  let count = 0
  const load = Array.from({ length: 8 }, async () => {
    while (!isOver) {
      const { status } = await fetchPath('/')
      count++
      if (status !== 200) lost++
    }
  })
  for (let i = 0; i < 3; i++) {
    const before = gateway.log.filter((line) => line.includes('was reloaded')).length
    const atLeast = count + 50
    await until('some load', () => count >= atLeast)
    writeFileSync(gateway.configFile, catchAll(target.port, { name: `target${i}` }))
    gateway.signal('SIGHUP')
    await until(
      'the reload',
      () => gateway.log.filter((line) => line.includes('was reloaded')).length > before,
    )
  }
  isOver = true
  await Promise.all(load)
  assert.equal(lost, 0)
  assert.equal(session.destroyed, false)
})

test('a gateway that stops tells clients to go, and answers what is under way', CASE, async () => {
  const own = await openGateway({
    config: catchAll(target.port),
    listen: '127.0.0.1:PORT http2',
    env: { SLUICE_DRAIN_MS: '20000' },
  })
  const waiting: Call[] = []
  target.behave = (call) => {
    waiting.push(call)
  }
  const client = connectTo(own)
  const asked = Array.from({ length: 20 }, (_, i) => collect(client.request({ ':path': `/${i}` })))
  await until('all of them', () => waiting.length === 20)
  const told = new Promise<number>((resolve) => client.once('goaway', resolve))
  const stopped = own.stop()
  assert.equal(await told, http2.constants.NGHTTP2_NO_ERROR)
  for (const call of waiting) call.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  for (const { status, error } of await Promise.all(asked)) assert.deepEqual([status, error], [200, ''])
  await stopped
})

test('without the flag a plain listener takes the preface for what it is not', CASE, async () => {
  const own = await openGateway({ config: catchAll(target.port) })
  try {
    const answer = await ask({ port: own.port }, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    assert.ok([400, 505].includes(answer.status), answer.firstLine)
    assert.equal((await ask({ port: own.port }, get('/'))).status, 200)
  } finally {
    await own.stop()
  }
})

/** What a tunnel is to its surroundings: bytes before the 101, ends, slow readers, silence, stops, reloads, logs. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { until } from '../kit/command.ts'
import { eachWebSocketEngine, type WebSocketRig } from '../kit/each-web-socket-engine.ts'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { catchAll, kongYml } from '../kit/kong-config.ts'
import { connect, get, type RawClient } from '../kit/raw-client.ts'
import { type Opened, openWebSocket } from '../kit/web-socket.ts'

const UPGRADE = get(
  '/',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
)
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

async function metric(gateway: Gateway, name: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${gateway.statusPort}/metrics`)
  const found = new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (\\d+)$`, 'm').exec(await answer.text())
  return Number(found?.[1] ?? -1)
}

/** A target that keeps what comes over the tunnel, says `first` with its 101, and can be told to do more. */
function rawTarget(rig: WebSocketRig, head = SWITCH, first = ''): RawEnd {
  const end = new RawEnd()
  rig.target.onUpgrade = (_request, socket) => {
    end.socket = socket
    socket.on('data', (chunk: Buffer) => {
      end.got += chunk.toString('latin1')
    })
    socket.on('end', () => {
      end.hasEnded = true
    })
    if (head !== '') socket.write(head + first, 'latin1')
  }
  return end
}

class RawEnd {
  socket: Duplex | null = null
  got = ''
  hasEnded = false

  async gets(text: string): Promise<void> {
    await until(
      `${JSON.stringify(text)} at the target, which has ${JSON.stringify(this.got)}`,
      () => this.got === text,
    )
  }
}

async function openRaw(rig: WebSocketRig): Promise<RawClient> {
  const client = await rig.connect()
  await client.send(UPGRADE)
  const head = await client.reader.until('\r\n\r\n')
  assert.match(String(head), /^HTTP\/1\.1 101 /)
  return client
}

const RAW = { engines: ['node'] } as const

eachWebSocketEngine('the bytes of a tunnel', RAW, (check) => {
  check('what comes with the 101, and what a client sends before it, goes on behind it', async (rig) => {
    const target = rawTarget(rig, '')
    const client = await rig.connect()
    await client.send(UPGRADE, 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n')
    await until('the request', () => target.socket !== null)
    assert.equal(rig.target.requests.length, 1)
    target.socket!.write(`${SWITCH}first`, 'latin1')
    await target.gets('GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.reader.until('\r\n\r\n')
    assert.equal((await client.reader.take(5)).toString(), 'first')
    assert.equal(rig.target.requests.length, 1, 'it was no request')
  })

  check('each side may end its half, and the other goes on until it ends too', async (rig) => {
    for (const first of ['client', 'target']) {
      const target = rawTarget(rig)
      const client = await openRaw(rig)
      if (first === 'client') {
        await client.send('last words')
        client.half()
        await target.gets('last words')
        await until('the end at the target', () => target.hasEnded)
        target.socket!.end('and theirs')
        assert.equal(await client.closed(), 'and theirs')
      } else {
        target.socket!.end('last words')
        assert.equal(await client.closed(), 'last words')
        await client.send('and ours')
        await target.gets('and ours')
        client.half()
        await until('the end at the target', () => target.hasEnded)
      }
      await until('no tunnel is open', async () => (await metric(rig.gateway, 'sluice_tunnels')) === 0)
    }
  })

  check('a reset of the target is a reset of the client', async (rig) => {
    rawTarget(rig)
    const client = await openRaw(rig)
    rig.target.kill()
    await client.closed()
    assert.equal(client.reader.failure, 'ECONNRESET')
  })

  check('a 101 that nobody asked for, or for something else, is no answer', async (rig) => {
    const heads = [
      'HTTP/1.1 101 Switching Protocols\r\n\r\n',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n',
    ]
    for (const head of heads) {
      rawTarget(rig, head)
      const client = await rig.connect()
      await client.send(UPGRADE)
      assert.equal((await client.answer()).status, 502, head)
    }
  })

  check('a request behind a refused upgrade is a request, and reaches no target as bytes', async (rig) => {
    rig.target.onUpgrade = (_request, socket) => {
      socket.on('data', (chunk: Buffer) => assert.fail(`the target was sent ${chunk.toString('latin1')}`))
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain')
    }
    const smuggled =
      'DELETE /admin HTTP/1.1\r\nHost: internal\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n'
    const client = await rig.connect()
    await client.send(UPGRADE + smuggled)
    assert.equal((await client.answer()).status, 200)
    assert.equal((await client.answer()).status, 400, 'the gateway has read it, and refused it')
    const other = await rig.connect()
    await other.send(UPGRADE + get('/second'))
    assert.equal((await other.answer()).text, 'plain')
    await until('the second request', () => rig.target.requests.length === 3)
    const second = rig.target.requests[2]!
    assert.equal(second.url, '/second')
    assert.match(String(second.headers['via']), /sluice/, 'it came through the gateway like any other')
  })

  check(
    'an answer with 101 in it is not trusted to be one: bytes behind a 200 stay the answer’s',
    async (rig) => {
      rig.target.onUpgrade = (_request, socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${SWITCH.length}\r\n\r\n${SWITCH}`)
      }
      const client = await rig.connect()
      await client.send(UPGRADE)
      assert.equal((await client.answer()).text, SWITCH)
      rig.target.onUpgrade = null
      await client.send(get('/'))
      assert.equal((await client.answer()).text, 'plain')
    },
  )

  check('permessage-deflate is between the client and its target', async (rig) => {
    const { client, server } = await rig.open({ perMessageDeflate: { threshold: 0 } })
    assert.match(client.socket.extensions, /permessage-deflate/)
    assert.match(server.socket.extensions, /permessage-deflate/)
    for (const text of ['', 'hello '.repeat(10_000), 'again '.repeat(10_000)]) {
      client.socket.send(text)
      assert.equal(await client.text(), text)
    }
  })
})

eachWebSocketEngine('a tunnel and its surroundings', {}, (check) => {
  check('1,000 tunnels are open at once, counted, and each is its own', async (rig) => {
    const before = await metric(rig.gateway, 'sluice_tunnels_total')
    const clients: Opened[] = []
    while (clients.length < 1000)
      clients.push(...(await Promise.all(Array.from({ length: 50 }, async () => (await rig.open()).client))))
    let open = -1
    const areCounted = async () => (open = await metric(rig.gateway, 'sluice_tunnels')) === 1000
    await until('they are counted', areCounted).catch(() => assert.equal(open, 1000))
    assert.equal(await metric(rig.gateway, 'sluice_tunnels_total'), before + 1000)
    for (let i = 0; i < clients.length; i++) clients[i]!.socket.send(String(i))
    for (let i = 0; i < clients.length; i++) assert.equal(await clients[i]!.text(), String(i))
    for (const client of clients) client.socket.close()
    await until('none is open', async () => (await metric(rig.gateway, 'sluice_tunnels')) === 0)
    await until('the target has none', () => rig.target.open === 0)
  })

  check('a client that does not read stops its target, in bounded memory, and loses nothing', async (rig) => {
    const block = Buffer.alloc(64 * 1024, 'x')
    const count = 3200
    rig.target.onPeer = (peer) => {
      let left = count
      const send = (): void => {
        if (left-- > 0) peer.socket.send(block, send)
      }
      send()
    }
    const { client, server } = await rig.open()
    client.socket.pause()
    const before = rig.gateway.rss
    let sent = -1
    await until('the target is stopped', async () => {
      const now = server.socket.bufferedAmount
      const isStill = now === sent && now > 0
      sent = now
      await new Promise((resolve) => setTimeout(resolve, 50))
      return isStill
    })
    assert.ok(rig.gateway.rss - before < 64 * 1024 * 1024, `${rig.gateway.rss - before} bytes more`)
    client.socket.resume()
    for (let i = 0; i < count; i++) assert.equal((await client.next()).data.length, block.length)
  })
})

eachWebSocketEngine('a slow target', RAW, (check) => {
  check('a target that does not read stops its client, in bounded memory, and loses nothing', async (rig) => {
    rig.target.onPeer = (peer) => peer.socket.pause()
    const { client, server } = await rig.open()
    const block = Buffer.alloc(64 * 1024, 'x')
    const count = 3200
    const before = rig.gateway.rss
    for (let i = 0; i < count; i++) client.socket.send(block)
    let left = -1
    await until('the client is stopped', async () => {
      const now = client.socket.bufferedAmount
      const isStill = now === left && now > 0
      left = now
      await new Promise((resolve) => setTimeout(resolve, 50))
      return isStill
    })
    assert.ok(rig.gateway.rss - before < 64 * 1024 * 1024, `${rig.gateway.rss - before} bytes more`)
    server.socket.resume()
    for (let i = 0; i < count; i++) assert.equal((await server.next()).data.length, block.length)
  })
})

eachWebSocketEngine('a target slower than its client', { engines: ['uws'] }, (check) => {
  check('has the client sent away with 1013, as the library can’t be told to wait', async (rig) => {
    rig.target.onPeer = (peer) => peer.socket.pause()
    const { client } = await rig.open()
    const block = Buffer.alloc(256 * 1024, 'x')
    let isOpen = true
    client.socket.once('close', () => {
      isOpen = false
    })
    const send = (): void => {
      if (isOpen && client.socket.readyState === client.socket.OPEN) client.socket.send(block, send)
    }
    send()
    assert.equal((await client.closed()).code, 1013)
  })
})

const TLS = { engines: ['node'], listen: '127.0.0.1:PORT ssl' } as const

eachWebSocketEngine('WebSocket over TLS', TLS, (check) => {
  check('messages, and the close from either side', async (rig) => {
    for (const closer of ['client', 'server'] as const) {
      const pair = await rig.open({ scheme: 'wss', rejectUnauthorized: false })
      const large = Buffer.alloc(1024 * 1024, 'x')
      pair.client.socket.send(large)
      assert.deepEqual((await pair.client.next()).data, large)
      pair[closer].socket.close(1000, 'done')
      assert.equal((await pair.client.closed()).code, 1000)
      assert.equal((await pair.server.closed()).code, 1000)
    }
    await until('no tunnel is open', async () => (await metric(rig.gateway, 'sluice_tunnels')) === 0)
  })

  check('a target that is cut off takes its client along', async (rig) => {
    const { client } = await rig.open({ scheme: 'wss', rejectUnauthorized: false })
    rig.target.kill()
    assert.equal((await client.closed()).code, 1006)
  })
})

const IDLE = { config: (port: number) => catchAll(port, { read_timeout: 400 }) }

eachWebSocketEngine('a silent tunnel', IDLE, (check) => {
  check('is closed after read_timeout, and one with traffic of either side is not', async (rig) => {
    const { client: silent } = await rig.open()
    rig.target.onPeer = (peer) => {
      const timer = setInterval(() => peer.socket.ping(), 50)
      peer.socket.once('close', () => clearInterval(timer))
    }
    const { client: pinged } = await rig.open()
    assert.equal((await silent.closed()).code, 1006)
    await until('many pings', () => pinged.pings.length > 20)
    pinged.socket.terminate()
    assert.equal(await metric(rig.gateway, 'sluice_faults_total{code="TUNNEL_IDLE",blame="client"}'), 1)
  })
})

async function withGateway(
  rig: WebSocketRig,
  env: Record<string, string>,
  body: (gateway: Gateway) => Promise<void>,
): Promise<void> {
  const gateway = await openGateway({ config: catchAll(rig.target.port), engine: rig.engine, env })
  try {
    await body(gateway)
  } finally {
    await gateway.stop()
  }
}

eachWebSocketEngine('the end of a gateway with tunnels', {}, (check) => {
  check('a stop sends both sides 1001, and exits with 0 once they have closed', async (rig) => {
    await withGateway(rig, { SLUICE_DRAIN_MS: '20000' }, async (gateway) => {
      const client = await openWebSocket(gateway.port)
      client.socket.send('hello')
      assert.equal(await client.text(), 'hello')
      gateway.signal('SIGTERM')
      assert.equal((await client.closed()).code, 1001)
      assert.equal((await rig.target.peers.at(-1)!.closed()).code, 1001)
      assert.equal(await gateway.exited(), 0)
    })
  })

  check('a side that does not answer holds a stop up no longer than DRAIN_MS', async (rig) => {
    await withGateway(rig, { SLUICE_DRAIN_MS: '700' }, async (gateway) => {
      rawTarget(
        rig,
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
      )
      const client = await connect({ port: gateway.port })
      await client.send(UPGRADE)
      await client.reader.until('\r\n\r\n')
      gateway.signal('SIGTERM')
      assert.equal(await gateway.exited(), 0)
      assert.ok((await client.closed()).startsWith('\x88\x02\x03\xe9'))
      client.destroy()
    })
  })

  check('TUNNEL_LIFETIME closes a tunnel with 1001', async (rig) => {
    await withGateway(rig, { SLUICE_TUNNEL_LIFETIME: '1s' }, async (gateway) => {
      const client = await openWebSocket(gateway.port)
      assert.equal((await client.closed()).code, 1001)
    })
  })

  check('a reload leaves tunnels alone', async (rig) => {
    await withGateway(rig, {}, async (gateway) => {
      const client = await openWebSocket(gateway.port)
      writeFileSync(gateway.configFile, kongYml({}))
      gateway.signal('SIGHUP')
      await until('the reload', () =>
        gateway.log.some((line) => line.includes('the configuration was reloaded')),
      )
      client.socket.send('still')
      assert.equal(await client.text(), 'still')
      client.socket.terminate()
    })
  })

  check('the access line comes when the tunnel has ended, with 101 and the bytes sent', async (rig) => {
    await withGateway(rig, { SLUICE_PROXY_ACCESS_LOG: 'access.log' }, async (gateway) => {
      const file = join(gateway.folder, 'access.log')
      const read = (): string => {
        try {
          return readFileSync(file, 'utf8')
        } catch {
          return '' // not there before its first line
        }
      }
      const client = await openWebSocket(gateway.port, { path: '/chat' })
      client.socket.send('x'.repeat(100))
      await client.text()
      assert.equal(read(), '')
      client.socket.close()
      await client.closed()
      await until('the line', () => read() !== '')
      const sent = /"GET \/chat HTTP\/1\.1" 101 (\d+) /.exec(read())?.[1]
      // A message of 100 bytes and a close frame.
      assert.ok(Number(sent) >= 102 && Number(sent) <= 108, read())
    })
  })
})

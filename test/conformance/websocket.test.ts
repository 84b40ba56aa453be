/** WebSocket through the gateway: messages, fragments, pings, close codes, and plugins on the upgrade. */
import assert from 'node:assert/strict'
import { until } from '../kit/command.ts'
import { eachWebSocketEngine } from '../kit/each-web-socket-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import { get } from '../kit/raw-client.ts'
import { openWebSocket, Refused } from '../kit/web-socket.ts'

eachWebSocketEngine('websocket', {}, (check) => {
  check('text and binary messages pass both ways as they are', async (rig) => {
    const { client, server } = await rig.open()
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    for (const data of ['', 'hello', 'ü€😀'.repeat(100), bytes, Buffer.alloc(0)]) {
      client.socket.send(data)
      const came = await server.next()
      const back = await client.next()
      for (const message of [came, back]) {
        assert.deepEqual(message.data, Buffer.from(data))
        assert.equal(message.isBinary, typeof data !== 'string')
      }
    }
  })

  check('messages of 1 MB pass both ways, and many in a row keep their order', async (rig) => {
    const { client } = await rig.open()
    const large = Buffer.alloc(1024 * 1024, 'abcdefghijklmnop')
    client.socket.send(large)
    assert.deepEqual((await client.next()).data, large)
    for (let i = 0; i < 500; i++) client.socket.send(String(i).repeat(1 + (i % 90)))
    for (let i = 0; i < 500; i++) assert.equal(await client.text(), String(i).repeat(1 + (i % 90)))
  })

  check('a message in fragments arrives whole, with a ping between two of them', async (rig) => {
    const { client, server } = await rig.open()
    client.socket.send('one ', { fin: false })
    client.socket.send('two ', { fin: false })
    client.socket.ping('between')
    client.socket.send('three', { fin: true })
    assert.equal(await server.text(), 'one two three')
    assert.equal(await client.text(), 'one two three')
    assert.equal(await client.pong(), 'between')
  })

  check('pings of either side come back as pongs, once', async (rig) => {
    const { client, server } = await rig.open()
    client.socket.ping('from the client')
    assert.equal(await client.pong(), 'from the client')
    server.socket.ping('from the target')
    assert.equal(await server.pong(), 'from the target')
    client.socket.send('after')
    assert.equal(await client.text(), 'after')
    assert.deepEqual([client.pongs, server.pongs], [[], []])
  })

  for (const [code, reason] of [
    [1000, 'done'],
    [1001, ''],
    [3000, 'of ours'],
    [4999, 'Grüße'],
  ] as const) {
    check(`close code ${code} goes from the client to the target`, async (rig) => {
      const { client, server } = await rig.open()
      client.socket.close(code, reason)
      // uWebSockets.js takes the codes from 1012 to 3999 for wrong ones, and tells of a client that has gone.
      const isLost = rig.engine === 'uws' && code === 3000
      assert.deepEqual(await server.closed(), isLost ? { code: 1006, reason: '' } : { code, reason })
      if (!isLost) assert.equal((await client.closed()).code, code)
    })

    check(`close code ${code} goes from the target to the client`, async (rig) => {
      const { client, server } = await rig.open()
      server.socket.close(code, reason)
      assert.deepEqual(await client.closed(), { code, reason })
      assert.equal((await server.closed()).code, code)
    })
  }

  check('a close without a code stays one', async (rig) => {
    const { client, server } = await rig.open()
    client.socket.close()
    assert.equal((await server.closed()).code, 1005)
  })

  check('the subprotocol is the one the target chose', async (rig) => {
    const { client } = await rig.open({ protocols: ['first', 'second', 'third'] })
    assert.equal(client.socket.protocol, 'second')
    assert.equal(rig.target.requests[0]!.headers['sec-websocket-protocol'], 'first,second,third')
    const { client: other } = await rig.open()
    assert.equal(other.socket.protocol, '')
  })

  check(
    'the target is told of the client as with any request, and the upgrade is the gateway’s own',
    async (rig) => {
      const { client } = await rig.open({ path: '/chat?room=1', headers: { 'X-Own': 'kept' } })
      const { headers, url } = rig.target.requests[0]!
      assert.equal(url, '/chat?room=1')
      assert.equal(headers['x-own'], 'kept')
      assert.equal(headers['x-forwarded-for'], '127.0.0.1')
      assert.equal(headers['connection'], 'keep-alive, Upgrade')
      assert.equal(headers['upgrade'], 'websocket')
      assert.match(String(headers['via']), /^1\.1 sluice\//)
      assert.match(String(client.fields['via']), /^1\.1 sluice\//)
      assert.match(String(client.fields['x-kong-request-id']), /^[0-9a-f]{32}$/)
    },
  )

  check('a target that goes away takes its client along', async (rig) => {
    const { client } = await rig.open()
    rig.target.kill()
    assert.equal((await client.closed()).code, 1006)
    await until('no connection is left', () => rig.target.open === 0)
  })

  check('a client that goes away takes its target along', async (rig) => {
    const { client, server } = await rig.open()
    client.socket.terminate()
    assert.equal((await server.closed()).code, 1006)
    await until('no connection is left', () => rig.target.open === 0)
  })

  check('a refused upgrade is an answer like any other, and its connection stays usable', async (rig) => {
    rig.target.onUpgrade = (_request, socket) => {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nX-Own: kept\r\n\r\nno')
    }
    const client = await rig.connect()
    await client.send(get('/', ...UPGRADE))
    const answer = await client.answer()
    assert.deepEqual([answer.status, answer.text, answer.get('x-own')], [403, 'no', 'kept'])
    await client.send(get('/'))
    assert.equal((await client.answer()).text, 'plain')
  })

  check('other tokens and half an upgrade are requests without it', async (rig) => {
    const odd = [
      ['Connection: Upgrade', 'Upgrade: h2c'],
      ['Connection: Upgrade', 'Upgrade: websocket, h2c'],
      ['Connection: Upgrade', 'Upgrade: websocket/13'],
      ['Connection: keep-alive', 'Upgrade: websocket'],
      ['Connection: Upgrade'],
      ['Connection: Upgrade', 'Upgrade: websocket', 'Upgrade: websocket'],
      ['Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 2'],
    ]
    for (const lines of odd) {
      const client = await rig.connect()
      await client.send(`${get('/', ...lines)}${lines.includes('Content-Length: 2') ? 'ab' : ''}`)
      assert.equal((await client.answer()).text, 'plain', lines.join())
      assert.equal(rig.target.requests.at(-1)!.headers['upgrade'], undefined, lines.join())
    }
  })
})

const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

function guarded(targetPort: number): string {
  const service = { host: '127.0.0.1', port: targetPort, protocol: 'http' }
  const route = (name: string, plugins: readonly object[]) => ({
    name,
    paths: [`/${name}`],
    strip_path: false,
    plugins,
  })
  const limited = {
    name: 'rate-limiting',
    config: { hour: 2, policy: 'local', limit_by: 'path', path: '/limited' },
  }
  return kongYml({
    services: [
      {
        name: 'target',
        ...service,
        routes: [
          route('keyed', [{ name: 'key-auth' }]),
          route('limited', [limited]),
          route('traced', [
            { name: 'correlation-id', config: { header_name: 'X-Trace', echo_downstream: true } },
          ]),
          route('replaced', [{ name: 'request-termination', config: { status_code: 418, message: 'tea' } }]),
        ],
      },
    ],
    consumers: [{ username: 'ann', keyauth_credentials: [{ key: 'secret' }] }],
  })
}

eachWebSocketEngine('plugins on an upgrade', { config: guarded }, (check) => {
  async function refusal(port: number, path: string): Promise<Refused> {
    const failure = await openWebSocket(port, { path }).then(
      () => assert.fail('it was opened'),
      (error: unknown) => error,
    )
    assert.ok(failure instanceof Refused, String(failure))
    return failure
  }

  check('key-auth answers 401 without a key, and nothing reaches the target', async (rig) => {
    const { status, body } = await refusal(rig.gateway.port, '/keyed')
    assert.equal(status, 401)
    assert.match(body, /No API key found in request/)
    assert.equal(rig.target.requests.length, 0)
    const { client } = await rig.open({ path: '/keyed', headers: { apikey: 'secret' } })
    client.socket.send('in')
    assert.equal(await client.text(), 'in')
    assert.equal(rig.target.requests[0]!.headers['x-consumer-username'], 'ann')
  })

  check('rate-limiting counts an upgrade once and refuses the one too many with 429', async (rig) => {
    for (let i = 0; i < 2; i++) await rig.open({ path: '/limited' })
    const { status, fields } = await refusal(rig.gateway.port, '/limited')
    assert.equal(status, 429)
    assert.ok(fields['ratelimit-reset'])
  })

  check('correlation-id goes to the target and on the 101 to the client', async (rig) => {
    const { client } = await rig.open({ path: '/traced' })
    const sent = rig.target.requests[0]!.headers['x-trace']
    assert.ok(sent)
    assert.equal(client.fields['x-trace'], sent)
  })

  check('a plugin that answers for itself answers an upgrade too', async (rig) => {
    assert.equal((await refusal(rig.gateway.port, '/replaced')).status, 418)
  })
})

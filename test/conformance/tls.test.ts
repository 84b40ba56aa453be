/**
 * TLS as a client meets it: certificates by name, sessions, what is refused, and that a connection's end loses nothing.
 *
 * With one engine: addresses with `ssl` are the native-free one's under the other one too (listeners.test.ts).
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { answers } from '../kit/behaviours.ts'
import { makeAuthority, makeLeaf, type Pem } from '../kit/certificates.ts'
import { until } from '../kit/command.ts'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { samplesOf } from '../kit/metrics.ts'
import { openTarget, type TestTarget } from '../kit/test-target.ts'
import { askTls, failure, nameOf, request, sayPlain, shake } from '../kit/tls-client.ts'

const CASE = { timeout: 60_000 }
/** Bytes of the answer at /: more than one record, and more than a socket takes at once. */
const LARGE = 3_000_000

/** Shows what a plugin is told of the client's handshake. */
const SHOW_TLS = `
export default {
  name: 'show-tls', summary: 'Tells the client of its handshake.', priority: 1, asksForCertificates: true,
  schema: { type: 'record', fields: {} },
  build: () => ({
    onResponse(x) {
      const { tls, sni, scheme } = x.client
      const sizes = tls.certificates.map((der) => der.length)
      const value = [scheme, sni, tls.protocol, tls.cipher, sizes.join('+')].join(' ')
      const text = 'X-Tls: ' + value + '\\r\\n'
      x.response.added.push({ name: 'X-Tls', value, line: null, count: -1, text })
    },
  }),
}
`

let target: TestTarget
let gateway: Gateway
let plugins = ''
let client: Pem

before(async () => {
  target = await openTarget(answers('x'.repeat(LARGE)))
  plugins = mkdtempSync(join(tmpdir(), 'sluice-tls-'))
  mkdirSync(join(plugins, 'show-tls'))
  writeFileSync(join(plugins, 'show-tls', 'show-tls.mjs'), SHOW_TLS)
  const authority = await makeAuthority('ca')
  client = await makeLeaf(await makeAuthority('below', authority), { names: ['client'], clientAuth: true })
  const names = [['exact.example.com'], ['*.example.com', 'b.*'], ['*'], ['two.kinds.org'], ['rsa.org']]
  const certificates = await Promise.all(
    names.map(async (snis) => {
      const own = await makeLeaf(authority, { names: [`of ${snis[0]}`], rsa: snis[0] === 'rsa.org' })
      const other =
        snis[0] === 'two.kinds.org' ? await makeLeaf(authority, { names: ['of two kinds'], rsa: true }) : null
      return {
        ...own,
        ...(other === null ? {} : { cert_alt: other.cert, key_alt: other.key }),
        snis: snis.map((name) => ({ name })),
      }
    }),
  )
  gateway = await openGateway({
    config: kongYml({
      services: [
        {
          name: 'target',
          url: `http://127.0.0.1:${target.port}`,
          routes: [
            { name: 'large', paths: ['/'] },
            {
              name: 'small',
              paths: ['/small'],
              plugins: [{ name: 'request-termination', config: { status_code: 200, message: 'small' } }],
            },
          ],
        },
      ],
      plugins: [{ name: 'show-tls' }],
      certificates,
    }),
    listen: '127.0.0.1:PORT ssl',
    env: {
      SLUICE_PLUGINS_DIR: plugins,
      SLUICE_WORKERS: '2',
      SLUICE_LOG_LEVEL: 'debug',
      SLUICE_SSL_SESSION_TIMEOUT: '1h',
    },
  })
})

after(async () => {
  await gateway?.stop()
  await target?.close()
  rmSync(plugins, { recursive: true, force: true })
})

function metric(name: string): Promise<number> {
  return fetch(`http://127.0.0.1:${gateway.statusPort}/metrics`)
    .then((answer) => answer.text())
    .then((text) => Number(new RegExp(`^sluice_${name} (\\d+)$`, 'm').exec(text)?.[1]))
}

describe('certificates are found by name', () => {
  const wanted: [string | undefined, string][] = [
    ['exact.example.com', 'of exact.example.com'],
    ['EXACT.example.COM', 'of exact.example.com'],
    ['a.example.com', 'of *.example.com'],
    ['a.b.example.com', 'of *'],
    ['b.org', 'of *.example.com'],
    ['unknown', 'of *'],
    [undefined, 'localhost'],
  ]
  for (const [name, expected] of wanted)
    it(`${name ?? 'no name'} is served ${expected}`, CASE, async () => {
      const socket = await shake(gateway.port, name === undefined ? {} : { servername: name })
      assert.equal(nameOf(socket), expected)
      socket.destroy()
    })

  it(
    'a name whose certificate has another kind of key than the default one is served its own',
    CASE,
    async () => {
      const socket = await shake(gateway.port, { servername: 'rsa.org' })
      assert.equal(nameOf(socket), 'of rsa.org')
      socket.destroy()
    },
  )

  it('a client is served the kind of key that it can read', CASE, async () => {
    const kinds = [
      ['ECDHE-ECDSA-AES128-GCM-SHA256', 'of two.kinds.org'],
      ['ECDHE-RSA-AES128-GCM-SHA256', 'of two kinds'],
    ]
    for (const [ciphers, expected] of kinds) {
      const options = { servername: 'two.kinds.org', maxVersion: 'TLSv1.2', ciphers } as const
      const socket = await shake(gateway.port, options as object)
      assert.equal(nameOf(socket), expected)
      socket.destroy()
    }
  })
})

describe('sessions', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    it(`a ticket of one worker is taken by all, in ${version}`, CASE, async () => {
      const options = { servername: 'a.example.com', minVersion: version, maxVersion: version }
      let { session, resumed, protocol } = await askTls(gateway.port, options, '/small')
      assert.deepEqual([resumed, protocol], [false, version])
      for (let i = 0; i < 10; i++) {
        assert.ok(session)
        const again = await askTls(gateway.port, { ...options, session }, '/small')
        assert.equal(again.resumed, true, `try ${i}`)
        session = again.session ?? session
      }
      const samples = await samplesOf(gateway)
      assert.ok(samples.get(`sluice_tls_handshakes_total{version="${version}"}`)! >= 11)
      assert.ok(samples.get('sluice_tls_resumed_total')! >= 10)
    })

  it('a client that renegotiates is not followed', CASE, async () => {
    const socket = await shake(gateway.port, { maxVersion: 'TLSv1.2' })
    const refused = once(socket, 'error')
    socket.renegotiate({}, () => {})
    const [error] = (await refused) as [NodeJS.ErrnoException]
    assert.match(String(error.code), /NO_RENEGOTIATION|ECONNRESET/)
    assert.equal((await askTls(gateway.port, {}, '/small')).status, 200)
    assert.ok(!gateway.log.some((line) => line.includes('died')))
  })
})

describe('what is not TLS, or not wanted', () => {
  it('a plain request is told that this port speaks HTTPS', CASE, async () => {
    const text = await sayPlain(gateway.port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    assert.match(text, /^HTTP\/1\.1 400 /)
    assert.match(text, /The plain HTTP request was sent to HTTPS port/)
  })

  it('other bytes are closed, counted, and said in the debug log', CASE, async () => {
    const before = await metric('tls_handshakes_failed_total')
    const loud = () => gateway.log.filter((line) => /"level":"(warn|error|crit)"/.test(line))
    const said = loud()
    await sayPlain(gateway.port, 'hello, is this a mail server?\r\n')
    await until('the count', async () => (await metric('tls_handshakes_failed_total')) > before)
    await until('the line', () =>
      gateway.log.some((line) => line.includes('a TLS handshake came to nothing')),
    )
    assert.deepEqual(loud(), said, 'and nothing louder')
  })

  it('a protocol that is not spoken here is refused by the alert that is for it', CASE, async () => {
    const code = await failure(gateway.port, { ALPNProtocols: ['spdy/3'] })
    assert.match(code, /NO_APPLICATION_PROTOCOL/)
  })

  it('versions before 1.2 are refused', CASE, async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' } as const
    assert.match(await failure(gateway.port, old), /VERSION/)
  })

  it('HTTP/2 is not offered where the address does not have it', CASE, async () => {
    const { alpn } = await askTls(gateway.port, { ALPNProtocols: ['h2', 'http/1.1'] }, '/small')
    assert.equal(alpn, 'http/1.1')
  })
})

describe('requests and answers', () => {
  it('the target is told https, and the plugin what came of the handshake', CASE, async () => {
    const socket = await shake(gateway.port, { servername: 'exact.example.com', minVersion: 'TLSv1.3' })
    const text = await request(socket, '/small', 'keep-alive')
    assert.match(text, /X-Tls: https exact\.example\.com TLSv1\.3 TLS_\w+ \r\n/)
    await request(socket, '/', 'keep-alive')
    assert.equal(target.last.get('x-forwarded-proto'), 'https')
    socket.destroy()
  })

  it(
    'the certificates of a client come leaf first, and nobody without one is turned away',
    CASE,
    async () => {
      const socket = await shake(gateway.port, { cert: client.cert, key: client.key })
      const sizes = /X-Tls: .* (\d+)\+(\d+)\r\n/.exec(await request(socket, '/small', 'keep-alive'))
      const ders = client.cert.split(/(?=-----BEGIN)/).filter((pem) => pem.includes('BEGIN'))
      const sent = ders.map((pem) => Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64').length)
      assert.deepEqual(sizes?.slice(1, 3).map(Number), sent)
      socket.destroy()
      const without = await askTls(gateway.port, {}, '/small')
      assert.equal(without.status, 200)
    },
  )

  it('many large answers on one connection arrive whole, and the last one’s end is said', CASE, async () => {
    const socket = await shake(gateway.port)
    for (let i = 0; i < 5; i++) {
      const text = await request(socket, '/', i === 4 ? 'close' : 'keep-alive')
      assert.equal(text.length - text.indexOf('\r\n\r\n') - 4, LARGE)
    }
  })

  it('a client that reads slowly holds nobody up and loses nothing', CASE, async () => {
    const slow = await shake(gateway.port)
    slow.pause()
    slow.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
    await target.arrived(target.calls.length + 1)
    for (let i = 0; i < 5; i++) assert.equal((await askTls(gateway.port, {}, '/small')).status, 200)
    let bytes = 0
    slow.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    slow.resume()
    await once(slow, 'end')
    assert.ok(bytes > LARGE)
  })

  it('a request that comes in single bytes, each a record, is read', CASE, async () => {
    const socket = await shake(gateway.port)
    const whole = once(socket, 'data')
    for (const byte of 'GET /small HTTP/1.1\r\nHost: h\r\n\r\n') socket.write(byte)
    const [bytes] = (await whole) as [Buffer]
    assert.match(bytes.toString('latin1'), /^HTTP\/1\.1 200 /)
    socket.destroy()
  })

  it('requests of one connection that come at once are answered in order', CASE, async () => {
    const socket = await shake(gateway.port)
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    socket.write('GET /small HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(20))
    await until('20 answers', () => text.split('HTTP/1.1 200').length === 21)
    socket.destroy()
  })
})

describe('a flood of handshakes', () => {
  it('that are broken off halfway leaves the gateway as it was', CASE, async () => {
    const before = await metric('tls_handshakes_failed_total')
    const hello = await clientHello()
    for (let i = 0; i < 200; i++) {
      const socket = net.connect(gateway.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write(hello.subarray(0, i % 2 === 0 ? hello.length : 40), () => socket.destroy())
    }
    await until('all counted', async () => (await metric('tls_handshakes_failed_total')) >= before + 200)
    assert.equal((await askTls(gateway.port, {}, '/small')).status, 200)
  })
})

/** What a client says first. */
async function clientHello(): Promise<Buffer> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo // a TCP server's address is never a string
  const shaking = failure(port)
  const [socket] = (await once(server, 'connection')) as [net.Socket]
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  server.close()
  await shaking
  return bytes
}

/** New certificates by reload: no connection is dropped, and no request is served under the wrong one. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeLeaf, type Pem } from '../kit/certificates.ts'
import { sluice, until } from '../kit/command.ts'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { askTls, nameOf, request, shake } from '../kit/tls-client.ts'

const LIMIT = { timeout: 120_000 }
const RELOADS = 10
const SNI = 'rotated.example.com'

function serving(pair: Pem): string {
  return kongYml({
    routes: [{ name: 'only', paths: ['/'] }],
    plugins: [{ name: 'request-termination', config: { status_code: 200, message: 'fine' } }],
    certificates: [{ cert: pair.cert, key: pair.key, snis: [{ name: SNI }] }],
  })
}

function reloads(gateway: Gateway): number {
  return gateway.log.filter((line) => line.includes('the configuration was reloaded')).length
}

async function reload(gateway: Gateway, config: string): Promise<void> {
  const before = reloads(gateway)
  writeFileSync(gateway.configFile, config)
  gateway.signal('SIGHUP')
  await until('the reload', () => reloads(gateway) > before)
}

test('certificates change under load ten times, and nobody notices but new handshakes', LIMIT, async () => {
  const pairs: Pem[] = []
  for (let i = 0; i <= RELOADS; i++) pairs.push(await makeLeaf(null, { names: [`number ${i}`] }))
  const gateway = await openGateway({
    config: serving(pairs[0]!),
    listen: '127.0.0.1:PORT ssl',
    env: { SLUICE_WORKERS: '2' },
  })
  let now = 0
  let isOver = false
  const failures: string[] = []
  try {
    const kept = await shake(gateway.port, { servername: SNI })
    const keepAsking = async (): Promise<number> => {
      let count = 0
      for (; !isOver; count++) assert.match(await request(kept, '/', 'keep-alive'), /^HTTP\/1\.1 200 /)
      return count
    }
    const keepShaking = async (): Promise<number> => {
      let session: Buffer | null = null
      let number = -1
      let count = 0
      for (; !isOver; count++) {
        const from = now
        const answer = await askTls(gateway.port, { servername: SNI, ...(session && { session }) })
        session = answer.session
        // A session that is resumed shows no certificate: it stands for the one it began under.
        if (!answer.resumed) number = Number(/number (\d+)/.exec(answer.name)?.[1] ?? -1)
        // A reload may be on its way meanwhile.
        const isRight = number >= from && number <= now + 1
        if (answer.status !== 200 || !isRight) failures.push(`${number} between ${from} and ${now}`)
      }
      return count
    }
    const loads = Promise.all([keepAsking(), keepShaking()])
    for (let i = 1; i <= RELOADS; i++) {
      await reload(gateway, serving(pairs[i]!))
      now = i
      const socket = await shake(gateway.port, { servername: SNI })
      assert.equal(nameOf(socket), `number ${i}`)
      socket.destroy()
    }
    isOver = true
    const [asked, shaken] = await loads
    assert.deepEqual(failures, [])
    assert.ok(asked > RELOADS && shaken > RELOADS, `${asked} requests, ${shaken} handshakes`)
    kept.destroy()
  } finally {
    isOver = true
    await gateway.stop()
  }
})

test(
  'a ticket lives through a reload that changes no certificate, and not through one that does',
  LIMIT,
  async () => {
    const [one, two] = [
      await makeLeaf(null, { names: ['number 1'] }),
      await makeLeaf(null, { names: ['number 2'] }),
    ]
    const gateway = await openGateway({ config: serving(one), listen: '127.0.0.1:PORT ssl' })
    try {
      const first = await askTls(gateway.port, { servername: SNI })
      assert.ok(first.session)
      await reload(gateway, serving(one).replace('fine', 'better'))
      const again = await askTls(gateway.port, { servername: SNI, session: first.session })
      assert.deepEqual([again.resumed, again.text.includes('better')], [true, true])
      await reload(gateway, serving(two))
      const later = await askTls(gateway.port, { servername: SNI, session: again.session ?? first.session })
      assert.deepEqual([later.resumed, later.name], [false, 'number 2'])
    } finally {
      await gateway.stop()
    }
  },
)

test(
  'the default certificate is read again from its file, and kept where that is no good',
  LIMIT,
  async () => {
    const [one, two] = [
      await makeLeaf(null, { names: ['number 1'] }),
      await makeLeaf(null, { names: ['number 2'] }),
    ]
    const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'))
    const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
    const put = (pair: Pem) => {
      writeFileSync(files.cert, pair.cert)
      writeFileSync(files.key, pair.key)
    }
    put(one)
    const config = kongYml({
      routes: [{ name: 'only', paths: ['/'] }],
      plugins: [{ name: 'request-termination', config: { status_code: 200, message: 'fine' } }],
    })
    const env = { SLUICE_SSL_CERT: files.cert, SLUICE_SSL_CERT_KEY: files.key, SLUICE_WORKERS: '2' }
    const gateway = await openGateway({ config, listen: '127.0.0.1:PORT ssl', env })
    try {
      assert.equal((await askTls(gateway.port)).name, 'number 1')
      put(two)
      await reload(gateway, config)
      assert.equal((await askTls(gateway.port)).name, 'number 2')
      put({ cert: two.cert, key: one.key })
      gateway.signal('SIGHUP')
      await until('the refusal', () =>
        gateway.log.some((line) => line.includes('certificate does not match key')),
      )
      assert.equal((await askTls(gateway.port)).name, 'number 2')
    } finally {
      await gateway.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  },
)

test('a certificate that is not good is refused by name, and what is served stays', LIMIT, async () => {
  const [good, other, expired] = [
    await makeLeaf(null, { names: ['good'] }),
    await makeLeaf(null, { names: ['other'] }),
    await makeLeaf(null, { names: ['expired'], days: -1 }),
  ]
  const gateway = await openGateway({ config: serving(good), listen: '127.0.0.1:PORT ssl' })
  try {
    const bad: [Pem, RegExp][] = [
      [{ cert: good.cert, key: other.key }, /certificate does not match key/],
      [expired, /certificate expired/],
      [{ cert: 'no PEM', key: good.key }, /invalid certificate/],
    ]
    for (const [pair, said] of bad) {
      writeFileSync(gateway.configFile, serving(pair))
      gateway.signal('SIGHUP')
      await until(String(said), () =>
        gateway.log.some((line) => said.test(line) && line.includes(`sni ${SNI}`)),
      )
      const checked = await sluice(['check', gateway.configFile])
      assert.equal(checked.code, 1)
      assert.match(checked.out, said)
      assert.match(checked.out, /kong\.yml:\d+:\d+: certificates\[0\]/)
    }
    assert.equal((await askTls(gateway.port, { servername: SNI })).name, 'good')
    assert.ok(!gateway.log.some((line) => line.includes('PRIVATE KEY')))
  } finally {
    await gateway.stop()
  }
})

test(
  'half a handshake holds a place and ends in time; the client behind a PROXY preamble is known',
  LIMIT,
  async () => {
    const gateway = await openGateway({
      config: kongYml({
        routes: [{ name: 'only', paths: ['/'] }],
        plugins: [
          { name: 'request-termination', config: { status_code: 200, message: 'fine' } },
          { name: 'ip-restriction', config: { allow: ['203.0.113.7'] } },
        ],
      }),
      listen: '127.0.0.1:PORT ssl proxy_protocol',
      env: {
        SLUICE_CLIENT_HEADER_TIMEOUT: '300ms',
        SLUICE_CONNECTIONS_MAX: '4',
        SLUICE_REAL_IP_HEADER: 'proxy_protocol',
        SLUICE_TRUSTED_IPS: '127.0.0.1',
      },
    })
    try {
      const answer = await askTls(gateway.port, { socket: preambled(gateway.port) })
      assert.equal(answer.status, 200)
      const halves = Array.from({ length: 8 }, () => preambled(gateway.port).on('error', () => {}))
      let closed = 0
      for (const half of halves) half.once('close', () => closed++)
      for (const half of halves) half.write(Buffer.from([22, 3, 1, 2, 0, 1]))
      await until('those beyond the limit are let go', () => closed >= 4)
      await until('the others have their time', () => closed === 8)
      assert.equal((await askTls(gateway.port, { socket: preambled(gateway.port) })).status, 200)
    } finally {
      await gateway.stop()
    }
  },
)

test('who comes and goes without a word, as checks of a port do, is let go at once', LIMIT, async () => {
  const gateway = await openGateway({
    config: kongYml({ routes: [{ name: 'only', paths: ['/'] }] }),
    listen: '127.0.0.1:PORT ssl',
    env: { SLUICE_CLIENT_HEADER_TIMEOUT: '1h' },
  })
  try {
    for (const words of [Buffer.alloc(0), Buffer.from([22, 3, 1, 2, 0, 1])]) {
      const socket = net.connect({ port: gateway.port, host: '127.0.0.1', allowHalfOpen: true })
      let isClosed = false
      socket.on('close', () => {
        isClosed = true
      })
      socket.on('error', () => {})
      socket.on('end', () => socket.destroy())
      socket.resume()
      socket.end(words)
      await until('the other end', () => isClosed)
    }
  } finally {
    await gateway.stop()
  }
})

function preambled(port: number): net.Socket {
  const socket = net.connect(port, '127.0.0.1')
  socket.write('PROXY TCP4 203.0.113.7 127.0.0.1 4660 443\r\n')
  return socket
}

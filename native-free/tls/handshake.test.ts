/** Handshakes over sockets of which something has been read already, and what they tell. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import tls from 'node:tls'
import type { ServerTls } from '../../src/contract/tls.ts'
import { makeLeaf } from '../../test/kit/certificates.ts'
import { buildContexts, type TlsContexts } from './contexts.ts'
import { Handshake, protocolsOf, type Shaken } from './handshake.ts'

const TRIES = 20

async function contexts(): Promise<TlsContexts> {
  const served: ServerTls = {
    snis: new Map(),
    fallback: { id: '', pairs: [await makeLeaf(null, { names: ['fallback'] })] },
    asksForCertificates: false,
    ticketKeys: Buffer.alloc(48, 7),
    policy: {
      versionMin: 'TLSv1.2',
      versionMax: 'TLSv1.3',
      ciphers: 'TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256',
      prefersOwnOrder: false,
      resumes: true,
      sessionTimeoutMs: 60_000,
    },
  }
  return buildContexts(served, null)
}

/** Lets one client shake hands with what `begin` makes of its first bytes. */
async function shakeOnce(
  begin: (accepted: net.Socket, first: Buffer, owner: Owner) => void,
  options: tls.ConnectionOptions = {},
): Promise<Shaken | string> {
  const server = net.createServer({ pauseOnConnect: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const owner = new Owner()
  server.on('connection', (accepted) => {
    accepted.once('data', (first: Buffer) => {
      accepted.pause()
      begin(accepted, first, owner)
    })
    accepted.resume()
  })
  const { port } = server.address() as net.AddressInfo // a TCP server's address is never a string
  const client = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  client.on('error', () => {})
  const outcome = await owner.outcome
  client.destroy()
  server.close()
  return outcome
}

class Owner {
  readonly outcome: Promise<Shaken | string>
  onShaken: (handshake: Handshake, shaken: Shaken) => void = () => {}
  onUnshaken: (handshake: Handshake, why: string) => void = () => {}

  constructor() {
    this.outcome = new Promise((resolve) => {
      this.onShaken = (_handshake, shaken) => resolve(shaken)
      this.onUnshaken = (_handshake, why) => resolve(why)
    })
  }
}

test('what was read before is part of the handshake, put back or handed over', async () => {
  const made = await contexts()
  const options = { contexts: made, protocols: protocolsOf(false), deadlineMs: 0, proxiedAddress: '' }
  for (let i = 0; i < TRIES; i++) {
    const putBack = await shakeOnce((accepted, first, owner) => {
      accepted.unshift(first)
      new Handshake(owner, accepted, options)
    })
    const handed = await shakeOnce((accepted, first, owner) => {
      new Handshake(owner, accepted, options).take(first)
    })
    assert.deepEqual([typeof putBack, typeof handed], ['object', 'object'])
  }
})

test('a handshake tells the name as certificates have it, the protocol agreed on, version and suite', async () => {
  const made = await contexts()
  const shaken = await shakeOnce(
    (accepted, first, owner) => {
      const rest = { contexts: made, deadlineMs: 0, proxiedAddress: '' }
      new Handshake(owner, accepted, { ...rest, protocols: protocolsOf(true) }).take(first)
    },
    { servername: 'Api.Example.COM', ALPNProtocols: ['http/1.1', 'h2'] },
  )
  assert.ok(typeof shaken === 'object')
  const { sni, isHttp2, tls: facts } = shaken
  assert.deepEqual(
    [sni, isHttp2, facts.protocol, facts.cipher, facts.certificates],
    ['api.example.com', true, 'TLSv1.3', 'TLS_AES_128_GCM_SHA256', []],
  )
})

test('one that has taken too long says so, once', async () => {
  const made = await contexts()
  const why = await shakeOnce((accepted, _first, owner) => {
    const rest = { contexts: made, protocols: protocolsOf(false), proxiedAddress: '' }
    const handshake = new Handshake(owner, accepted, { ...rest, deadlineMs: 1 })
    handshake.onDeadline()
    handshake.onDeadline()
  })
  assert.equal(why, 'it took too long')
})

/** Which chains hold, against what OpenSSL says of the same in a real handshake; and that nothing broken does. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { connect, createServer, type TLSSocket } from 'node:tls'
import fc from 'fast-check'
import {
  CLIENT_AUTH,
  Extension,
  KeyUsageFlags,
  type Made,
  make,
  SERVER_AUTH,
  type Wish,
} from '../../../test/kit/client-certificates.ts'
import { Certificate } from './certificate.ts'
import { type Trust, verifyChain } from './chain.ts'

const CLIENT: Wish = { extendedUsage: [CLIENT_AUTH] }
let root: Made
let middle: Made
let lower: Made
let server: Made

before(async () => {
  root = await make('root', { isAuthority: true })
  middle = await make('middle', { by: root, isAuthority: true, usage: KeyUsageFlags.keyCertSign })
  lower = await make('lower', { by: middle, isAuthority: true })
  server = await make('localhost', {})
})

/** Named by what is odd; `oracle` false where we ask for more than OpenSSL does. */
interface Row {
  readonly what: string
  readonly holds: boolean
  readonly oracle?: false
  readonly chain: () => Promise<Made[]>
  readonly trusted?: () => Promise<Made[]>
}

const rows: readonly Row[] = [
  { what: 'a leaf of the root', holds: true, chain: async () => [await make('jo', { by: root, ...CLIENT })] },
  {
    what: 'a leaf with no word on its usage',
    holds: true,
    chain: async () => [await make('jo', { by: root })],
  },
  {
    what: 'a leaf of a middle one',
    holds: true,
    chain: async () => [await make('jo', { by: middle, ...CLIENT }), middle],
  },
  {
    what: 'two middle ones, in any order',
    holds: true,
    chain: async () => [await make('jo', { by: lower }), middle, lower, root],
  },
  { what: 'a chain with a gap', holds: false, chain: async () => [await make('jo', { by: lower }), middle] },
  {
    what: 'a leaf without its middle one',
    holds: false,
    chain: async () => [await make('jo', { by: middle })],
  },
  {
    what: 'a leaf of another root of the same name',
    holds: false,
    chain: async () => [await make('jo', { by: await make('root', { isAuthority: true }) })],
  },
  {
    what: 'another root, sent along',
    holds: false,
    chain: async () => {
      const other = await make('other', { isAuthority: true })
      return [await make('jo', { by: other }), other]
    },
  },
  { what: 'a leaf that signs itself', holds: false, chain: async () => [await make('jo')] },
  {
    what: 'an expired leaf',
    holds: false,
    chain: async () => [await make('jo', { by: root, from: -9, to: -1 })],
  },
  {
    what: 'a leaf that is not valid yet',
    holds: false,
    chain: async () => [await make('jo', { by: root, from: 1 })],
  },
  {
    what: 'an expired middle one',
    holds: false,
    chain: async () => {
      const old = await make('old', { by: root, isAuthority: true, from: -9, to: -1 })
      return [await make('jo', { by: old }), old]
    },
  },
  {
    what: 'a leaf that a leaf has signed',
    holds: false,
    chain: async () => {
      const leaf = await make('ed', { by: root })
      return [await make('jo', { by: leaf }), leaf]
    },
  },
  {
    what: 'a middle one that says it is no authority',
    holds: false,
    chain: async () => {
      const leaf = await make('ed', { by: root, isAuthority: false })
      return [await make('jo', { by: leaf }), leaf]
    },
  },
  {
    what: 'an authority that may not sign certificates',
    holds: false,
    chain: async () => {
      const odd = await make('odd', { by: root, isAuthority: true, usage: KeyUsageFlags.digitalSignature })
      return [await make('jo', { by: odd }), odd]
    },
  },
  {
    what: 'more authorities than one allows below it',
    holds: false,
    chain: async () => {
      const last = await make('last', { by: root, pathLength: 0 })
      const beyond = await make('beyond', { by: last, isAuthority: true })
      return [await make('jo', { by: beyond }), beyond, last]
    },
  },
  {
    what: 'as many authorities as one allows',
    holds: true,
    chain: async () => {
      const last = await make('last', { by: root, pathLength: 0 })
      return [await make('jo', { by: last }), last]
    },
  },
  {
    what: 'a leaf for servers only',
    holds: false,
    chain: async () => [await make('jo', { by: root, extendedUsage: [SERVER_AUTH] })],
  },
  {
    what: 'a leaf whose key only encrypts',
    holds: false,
    chain: async () => [await make('jo', { by: root, usage: KeyUsageFlags.keyEncipherment })],
  },
  {
    what: 'an authority for servers only',
    holds: false,
    chain: async () => {
      const odd = await make('odd', { by: root, isAuthority: true, extendedUsage: [SERVER_AUTH] })
      return [await make('jo', { by: odd }), odd]
    },
  },
  {
    what: 'a critical extension nobody knows',
    holds: false,
    chain: async () => [await make('jo', { by: root, others: [unknown(true)] })],
  },
  {
    what: 'an extension nobody knows',
    holds: true,
    chain: async () => [await make('jo', { by: root, others: [unknown(false)] })],
  },
  {
    what: 'an authority with name constraints',
    holds: false,
    oracle: false,
    chain: async () => {
      const odd = await make('odd', {
        by: root,
        isAuthority: true,
        others: [new Extension('2.5.29.30', true, Buffer.from('3000', 'hex'))],
      })
      return [await make('jo', { by: odd }), odd]
    },
  },
  { what: 'an RSA leaf', holds: true, chain: async () => [await make('jo', { by: root, rsaBits: 2048 })] },
  {
    what: 'a short RSA key',
    holds: false,
    oracle: false,
    chain: async () => [await make('jo', { by: root, rsaBits: 1024 })],
  },
  {
    what: 'a signature with SHA-1',
    holds: false,
    oracle: false,
    chain: async () => [await make('jo', { by: root, hash: 'SHA-1' })],
  },
  {
    what: 'a trusted middle one without its root',
    holds: false,
    trusted: async () => [middle],
    chain: async () => [await make('jo', { by: middle })],
  },
]

for (const { what, holds, oracle, chain, trusted } of rows) {
  test(`${what} ${holds ? 'holds' : 'does not hold'}`, async () => {
    const sent = await chain()
    const authorities = await (trusted ?? (async () => [root]))()
    const verdict = verifyChain(
      sent.map(({ der }) => der),
      trust(authorities),
      Date.now(),
    )
    assert.equal(typeof verdict !== 'string', holds, String(verdict))
    if (oracle !== false) assert.equal(await opensslTakes(sent, authorities), holds, 'OpenSSL says otherwise')
  })
}

test('a trusted authority ends the chain where partial ones are allowed', async () => {
  const sent = [(await make('jo', { by: middle })).der]
  assert.equal(typeof verifyChain(sent, trust([middle]), Date.now()), 'string')
  const verdict = verifyChain(sent, { ...trust([middle]), allowsPartial: true }, Date.now())
  assert.ok(typeof verdict !== 'string')
  assert.deepEqual(verdict.authorityIds, ['middle'])
})

test('a chain is as deep as it may be, and no deeper', async () => {
  const sent = [(await make('jo', { by: lower })).der, lower.der, middle.der]
  const outcome = (depth: number) => verifyChain(sent, { ...trust([root]), depth }, Date.now())
  assert.equal(outcome(1), 'the chain is longer than depth 1 allows')
  assert.ok(typeof outcome(2) !== 'string')
})

test('it holds until the first of its certificates ends', async () => {
  const short = await make('short', { by: root, isAuthority: true, to: 2 })
  const verdict = verifyChain([(await make('jo', { by: short })).der, short.der], trust([root]), Date.now())
  assert.ok(typeof verdict !== 'string')
  assert.equal(verdict.validToMs, new Certificate(short.der).validToMs)
})

test('more certificates than anybody needs are not looked at', async () => {
  const leaf = await make('jo', { by: root })
  const many = Array.from({ length: 11 }, () => leaf.der)
  assert.equal(verifyChain(many, trust([root]), Date.now()), 'more than 10 certificates were sent')
  assert.equal(verifyChain([], trust([root]), Date.now()), 'no certificate was sent')
})

test('look-alikes do not make a worker try signatures without end', async () => {
  const fakes = await Promise.all(Array.from({ length: 9 }, () => make('root', { isAuthority: true })))
  const leaf = await make('jo', { by: root })
  const sent = [leaf, ...fakes].map(({ der }) => der)
  const verdict = verifyChain(sent, trust([...fakes, ...fakes]), Date.now())
  assert.equal(verdict, 'too many signatures would have to be looked at')
})

test('a certificate with any bit turned does not hold, and nothing throws', async () => {
  const leaf = await make('jo', { by: root, altNames: [{ type: 'dns', value: 'jo.example' }], ...CLIENT })
  const trusted = trust([root])
  for (let at = 0; at < leaf.der.length; at++) {
    const broken = Buffer.from(leaf.der)
    broken[at]! ^= 1 << (at % 8)
    assert.equal(typeof verifyChain([broken], trusted, Date.now()), 'string', `byte ${at}`)
  }
})

test('what is no certificate is refused, and nothing throws', () => {
  const trusted = trust([root])
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      assert.equal(typeof verifyChain([bytes], trusted, Date.now()), 'string')
    }),
  )
  const large = Buffer.concat([Buffer.from('3083ffff00', 'hex'), Buffer.alloc(0xffff00)])
  assert.match(String(verifyChain([large], trusted, Date.now())), /larger than any certificate/)
})

test('names are read as they are meant: the last common name, other names in order, RFC 4514', async () => {
  const made = await make('x', {
    subject: 'C=DE, O=A\\, B, CN=outer, CN=inner',
    altNames: [
      { type: 'email', value: 'jo@example.org' },
      { type: 'dns', value: 'jo.example' },
      { type: 'url', value: 'spiffe://example/jo' },
    ],
  })
  const { subject, names, altNames } = new Certificate(made.der)
  assert.equal(subject.text, 'CN=inner,CN=outer,O=A\\, B,C=DE')
  assert.deepEqual(altNames, ['jo@example.org', 'jo.example', 'spiffe://example/jo'])
  assert.deepEqual(names, ['jo@example.org', 'jo.example', 'spiffe://example/jo', 'inner'])
})

// the rig

function unknown(isCritical: boolean): InstanceType<typeof Extension> {
  return new Extension('1.3.6.1.4.1.99999.1', isCritical, Buffer.from('0500', 'hex'))
}

function trust(authorities: readonly Made[]): Trust {
  return {
    authorities: authorities.map(({ name, der }) => ({ id: name, certificate: new Certificate(der) })),
    depth: 3,
    allowsPartial: false,
  }
}

/** What a TLS server of Node makes of it. */
async function opensslTakes(sent: readonly Made[], trusted: readonly Made[]): Promise<boolean> {
  const options = { key: server.key, cert: server.pem, ca: trusted.map(({ pem }) => pem) }
  const listener = createServer({ ...options, requestCert: true, rejectUnauthorized: false })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const authorized = new Promise<boolean>((resolve, reject) => {
    listener.once('secureConnection', (socket: TLSSocket) => resolve(socket.authorized))
    listener.once('tlsClientError', reject)
  })
  const cert = sent.map(({ pem }) => pem).join('')
  const client = connect({ port, host: '127.0.0.1', key: sent[0]!.key, cert, rejectUnauthorized: false })
  client.on('error', () => {}) // the server's verdict is what is asked for
  try {
    return await authorized
  } finally {
    client.destroy()
    listener.close()
  }
}

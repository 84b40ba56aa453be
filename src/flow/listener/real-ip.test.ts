/** Who the client is behind proxies: only what trusted ones say counts, and only as far as they are trusted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClient, readExchange } from '../../../test/kit/flow-rig.ts'
import { CidrSet } from '../../base/cidr.ts'
import { Admission } from './admit.ts'

interface Told {
  readonly trusted?: readonly string[]
  readonly header?: string
  readonly recursive?: boolean
  readonly peer?: string
  readonly proxied?: string
}

function clientOf(fields: string, told: Told = {}): { address: string; trusted: boolean; scheme: string } {
  const client = new FakeClient()
  client.peerAddress = told.peer ?? '10.0.0.1'
  client.proxiedAddress = told.proxied ?? ''
  const x = readExchange(`GET / HTTP/1.1\nHost: a\n${fields}`, client)
  new Admission({
    trusted: new CidrSet(told.trusted ?? ['10.0.0.0/8', 'fd00::/8']),
    realIpHeader: told.header ?? 'x-forwarded-for',
    realIpRecursive: told.recursive ?? false,
  }).admit(x)
  return { address: x.clientAddress, trusted: x.clientTrusted, scheme: x.forwardedScheme }
}

test('nobody is believed who is not trusted', () => {
  const fields = 'X-Forwarded-For: 1.1.1.1\nX-Forwarded-Proto: https\n'
  assert.deepEqual(clientOf(fields, { peer: '9.9.9.9' }), {
    address: '9.9.9.9',
    trusted: false,
    scheme: 'http',
  })
  assert.deepEqual(clientOf(fields, { trusted: [] }), { address: '10.0.0.1', trusted: false, scheme: 'http' })
  assert.deepEqual(
    clientOf(fields, { peer: '9.9.9.9', proxied: '7.7.7.7', header: 'proxy_protocol' }).address,
    '9.9.9.9',
  )
})

const cases: readonly [what: string, fields: string, told: Told, address: string][] = [
  ['no field: the peer', '', {}, '10.0.0.1'],
  ['one address', 'X-Forwarded-For: 1.1.1.1\n', {}, '1.1.1.1'],
  ['the last address', 'X-Forwarded-For: 1.1.1.1, 10.0.0.9\n', {}, '10.0.0.9'],
  [
    'the last one not trusted, when recursive',
    'X-Forwarded-For: 6.6.6.6, 1.1.1.1, 10.0.0.9\n',
    { recursive: true },
    '1.1.1.1',
  ],
  [
    'the first, when all are trusted',
    'X-Forwarded-For: 10.0.0.8, 10.0.0.9\n',
    { recursive: true },
    '10.0.0.8',
  ],
  [
    'several fields are one list',
    'X-Forwarded-For: 6.6.6.6\nX-Forwarded-For: 1.1.1.1,10.0.0.9\n',
    { recursive: true },
    '1.1.1.1',
  ],
  ['another field', 'X-Real-IP: 2.2.2.2\nX-Forwarded-For: 1.1.1.1\n', { header: 'x-real-ip' }, '2.2.2.2'],
  ['a port is not part of it', 'X-Forwarded-For: 1.1.1.1:4711\n', {}, '1.1.1.1'],
  ['IPv6', 'X-Forwarded-For: 2001:db8::1\n', {}, '2001:db8::1'],
  ['IPv6 in brackets', 'X-Forwarded-For: [2001:db8::1]\n', {}, '2001:db8::1'],
  ['IPv6 with a port', 'X-Forwarded-For: [2001:db8::1]:443\n', {}, '2001:db8::1'],
  [
    'a trusted IPv6 proxy in the middle',
    'X-Forwarded-For: 1.1.1.1, fd00::1\n',
    { recursive: true },
    '1.1.1.1',
  ],
  [
    'what is no address ends the search',
    'X-Forwarded-For: 1.1.1.1, unknown, 10.0.0.9\n',
    { recursive: true },
    '10.0.0.9',
  ],
  ['what is no address at all', 'X-Forwarded-For: unknown\n', {}, '10.0.0.1'],
  [
    'a zone, which could be any text',
    'X-Forwarded-For: fe80::1%"forged, 10.0.0.9\n',
    { recursive: true },
    '10.0.0.9',
  ],
  ['empty members', 'X-Forwarded-For: 1.1.1.1, ,\n', {}, '1.1.1.1'],
  [
    'the PROXY preamble of a trusted peer',
    'X-Forwarded-For: 1.1.1.1\n',
    { header: 'proxy_protocol', proxied: '7.7.7.7' },
    '7.7.7.7',
  ],
  ['a PROXY preamble without address', '', { header: 'proxy_protocol' }, '10.0.0.1'],
]
for (const [what, fields, told, address] of cases)
  test(`the client behind a trusted proxy: ${what}`, () => {
    assert.deepEqual([clientOf(fields, told).address, clientOf(fields, told).trusted], [address, true])
  })

test('a unix socket can be trusted', () => {
  const told = { peer: 'unix:', trusted: ['unix:'] }
  assert.equal(clientOf('X-Forwarded-For: 1.1.1.1\n', told).address, '1.1.1.1')
  assert.equal(clientOf('X-Forwarded-For: 1.1.1.1\n', { ...told, trusted: ['0.0.0.0/0'] }).address, 'unix:')
})

test('a trusted proxy says which scheme the client used, in any case; nonsense is passed over', () => {
  assert.equal(clientOf('X-Forwarded-Proto: HTTPS\n').scheme, 'https')
  assert.equal(clientOf('X-Forwarded-Proto: gopher\n').scheme, 'http')
})

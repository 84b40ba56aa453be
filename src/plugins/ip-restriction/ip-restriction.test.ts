/** Which addresses ip-restriction lets pass, whatever way they are written, and what it says to the others. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { faults } from '../../base/faults.ts'
import { validate } from '../../config/validate.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE, type Handler, NEXT } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import ipRestriction from './ip-restriction.ts'

const notAllowed = (address: string) => `403 IP address not allowed: ${address}`

for (const [config, address, outcome] of [
  [{ allow: ['10.0.0.0/8'] }, '10.1.2.3', 'passes'],
  [{ allow: ['10.0.0.0/8'] }, '11.1.2.3', notAllowed('11.1.2.3')],
  [{ allow: ['10.0.0.0/8'] }, '::ffff:10.1.2.3', 'passes'],
  [{ allow: ['10.0.0.0/8'] }, '2001:db8::1', notAllowed('2001:db8::1')],
  [{ allow: ['2001:db8::/32'] }, '2001:db8:ffff::1', 'passes'],
  [{ allow: ['192.0.2.7'] }, '192.0.2.7', 'passes'],
  [{ deny: ['192.0.2.7'] }, '192.0.2.7', notAllowed('192.0.2.7')],
  [{ deny: ['192.0.2.7'] }, '192.0.2.8', 'passes'],
  [{ deny: ['192.0.2.7'] }, '2001:db8::1', 'passes'],
  [{ allow: ['192.0.2.0/24'], deny: ['192.0.2.7'] }, '192.0.2.7', notAllowed('192.0.2.7')],
  [{ allow: ['192.0.2.7'], deny: ['192.0.2.0/24'] }, '192.0.2.7', notAllowed('192.0.2.7')],
  [{ allow: ['192.0.2.0/24'], deny: ['192.0.2.7'] }, '192.0.2.8', 'passes'],
  [{ allow: ['192.0.2.0/24'], deny: [] }, '192.0.3.8', notAllowed('192.0.3.8')],
  [{ deny: ['192.0.2.7'], status: 404, message: 'Not "here"' }, '192.0.2.7', '404 Not "here"'],
  [{ deny: ['192.0.2.7'], message: 'No' }, '192.0.2.7', '403 No'],
] as const) {
  test(`with ${JSON.stringify(config)} a request from ${address} comes to: ${outcome}`, () => {
    const { x, handler } = ask(config, address)
    assert.equal(outcomeOf(x), outcome)
    if (outcome !== 'passes') assert.equal(x.fault, faults.FORBIDDEN)
    assert.equal(handler.onStream?.(factsOf(address)), outcome === 'passes' ? NEXT : DONE)
  })
}

test('who comes over a unix socket has no address, and does not pass', () => {
  const said = '403 Cannot identify the client IP address, unix domain sockets are not supported.'
  assert.equal(outcomeOf(ask({ deny: ['10.0.0.1'] }, 'unix:').x), said)
})

test('deny is stronger than allow, whatever the networks', () => {
  const octets = fc.array(fc.constantFrom('0', '1', '128', '255'), { minLength: 4, maxLength: 4 })
  const address = octets.map((parts) => parts.join('.'))
  const network = fc.tuple(address, fc.nat(32)).map(([text, size]) => `${text}/${size}`)
  const list = fc.array(network, { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(list, list, address, (allow, deny, from) => {
      const passes = (config: object) => outcomeOf(ask(config, from).x) === 'passes'
      assert.equal(passes({ allow, deny }), passes({ allow }) && passes({ deny }))
      assert.equal(passes({ allow }), !passes({ deny: allow }))
    }),
  )
})

test('it also serves streams, unless its entity says otherwise', () => {
  assert.deepEqual([...(ipRestriction.protocols ?? [])].sort(), [
    'grpc',
    'grpcs',
    'http',
    'https',
    'tcp',
    'tls',
  ])
})

const AT_LEAST = "at least one of these fields must be non-empty: 'config.allow', 'config.deny'"
for (const [config, path, message] of [
  [{}, '@entity', AT_LEAST],
  [{ allow: [] }, '@entity', AT_LEAST],
  [{ allow: ['10.0.0.256'] }, 'allow.0', "invalid ip or cidr range: '10.0.0.256'"],
  [{ deny: ['10.0.0.0/33'] }, 'deny.0', "invalid ip or cidr range: '10.0.0.0/33'"],
  [{ deny: ['::/129'] }, 'deny.0', "invalid ip or cidr range: '::/129'"],
  [{ deny: ['localhost'] }, 'deny.0', "invalid ip or cidr range: 'localhost'"],
  [{ deny: ['unix:'] }, 'deny.0', "invalid ip or cidr range: 'unix:'"],
  [{ deny: ['::1'], status: 600 }, 'status', 'value should be between 100 and 599'],
  [{ deny: ['::1'], status: '403' }, 'status', 'expected an integer'],
  [{ deny: ['::1'], message: '' }, 'message', 'length must be at least 1'],
  [{ blacklist: ['::1'] }, 'blacklist', 'unknown field'],
] as const) {
  test(`the configuration ${JSON.stringify(config)} is refused: ${message}`, () => {
    const { findings } = validate(ipRestriction.schema, config as unknown as Value)
    const said = findings.map((finding) => `${finding.path.join('.')}: ${finding.message}`)
    assert.ok(said.includes(`${path}: ${message}`), said.join('\n'))
  })
}

// the rig

function ask(config: object, from: string): { x: Exchange; handler: Handler } {
  const { value, findings } = validate(ipRestriction.schema, config as Value)
  assert.deepEqual(findings, [])
  const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
  const handler = ipRestriction.build(value as never, makeHost(), scope)
  const x = exchangeOf('GET / HTTP/1.1\nHost: a\n')
  x.clientAddress = from
  assert.equal(handler.onRequest?.(x), x.fault === faults.NONE ? NEXT : DONE)
  return { x, handler }
}

function outcomeOf(x: Exchange): string {
  return x.fault === faults.NONE ? 'passes' : `${x.faultStatus} ${x.faultText}`
}

function factsOf(clientAddress: string) {
  return { clientAddress, clientPort: 1, localAddress: '192.0.2.1', localPort: 2, isTls: false, sni: '' }
}

/** From a service, its upstream and DNS answers to targets. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  answersOf,
  countHits,
  exchangeOf,
  makeBalancerRig,
  nameOf,
  UPSTREAM,
} from '../../../test/kit/balancer-rig.ts'
import { faults } from '../../base/faults.ts'
import { type BalancerOptions, buildBalancer } from './build.ts'

const VERIFIED = { verify: true, verifyDepth: 1, trusted: null, certificate: null }
const SERVICE = { host: 'api.test', port: 8080, protocol: 'http' }

test('a service whose host is an address has that one target', () => {
  const { balancer } = build({ service: { ...SERVICE, host: '10.0.0.1' } })
  assert.deepEqual(balancer.targets.map(nameOf), ['10.0.0.1:8080'])
  assert.equal(balancer.unresolved, false)
})

test('an IPv6 address may stand in brackets or without, and has brackets in the Host field', () => {
  for (const host of ['::1', '[::1]']) {
    const { balancer } = build({ service: { ...SERVICE, host } })
    assert.equal(balancer.targets[0]!.address.ip, '::1')
    assert.equal(hostField(balancer.targets[0]!), 'Host: [::1]:8080\r\n')
  }
})

test('a service whose host is a name has all its addresses in equal shares', () => {
  const { balancer, names } = build({})
  names.update('api.test', answersOf('10.0.0.1', '10.0.0.2'))
  assert.deepEqual(countHits(balancer, 10), { '10.0.0.1:8080': 5, '10.0.0.2:8080': 5 })
  assert.equal(hostField(balancer.targets[0]!), 'Host: api.test:8080\r\n')
})

test('a retry without an upstream goes to another address of the name', () => {
  const { balancer, names } = build({})
  names.update('api.test', answersOf('10.0.0.1', '10.0.0.2'))
  const x = exchangeOf()
  const first = balancer.pick(x)!
  x.tried.push(first)
  assert.notEqual(balancer.pick(x), first)
})

test('a name is unresolved until its answer comes, and when the answer is empty', () => {
  const { balancer, names } = build({})
  assert.equal(balancer.unresolved, true)
  assert.equal(balancer.pick(exchangeOf()), null)
  names.update('API.test', answersOf('10.0.0.1'))
  assert.equal(balancer.unresolved, false)
  names.update('api.test', [])
  assert.equal(balancer.unresolved, true)
})

test('an upstream without targets, or with none that has weight, has none to give but is not unresolved', () => {
  assert.equal(build({ upstream: UPSTREAM }).balancer.unresolved, false)
  const targets = [{ target: 'gone.test:80', weight: 0 }]
  assert.equal(build({ upstream: UPSTREAM, targets }).balancer.unresolved, false)
})

test("an SRV answer's port replaces the configured one and its weight multiplies the target's", () => {
  const targets = [
    { target: 'srv.test:80', weight: 10 },
    { target: '10.0.0.9:80', weight: 20 },
  ]
  const { balancer, names } = build({ upstream: UPSTREAM, targets })
  names.update('srv.test', [
    { ip: '10.0.0.1', port: 9001, weight: 1 },
    { ip: '10.0.0.2', port: 9002, weight: 5 },
  ])
  const hits = countHits(balancer, 8)
  assert.deepEqual(hits, { '10.0.0.1:9001': 1, '10.0.0.2:9002': 5, '10.0.0.9:80': 2 })
})

test('a change of the answer keeps the counts, averages and health of the addresses that stay', () => {
  const { balancer, names } = build({})
  names.update('api.test', answersOf('10.0.0.1', '10.0.0.2'))
  const kept = balancer.targets[1]!
  kept.inFlight = 3
  kept.ewmaMs = 12
  kept.state.setHealthy(false, 0)
  names.update('api.test', answersOf('10.0.0.3', '10.0.0.2'))
  assert.deepEqual(balancer.targets.map(nameOf), ['10.0.0.3:8080', '10.0.0.2:8080'])
  assert.equal(balancer.targets[1], kept)
  assert.deepEqual([kept.inFlight, kept.ewmaMs, kept.state.isOut], [3, 12, true])
})

test('a new weight keeps average and health', () => {
  const { balancer, names } = build({ upstream: UPSTREAM, targets: [{ target: 'api.test:80', weight: 1 }] })
  names.update('api.test', [{ ip: '10.0.0.1', port: 1, weight: 1 }])
  balancer.targets[0]!.state.setHealthy(false, 0)
  balancer.targets[0]!.ewmaMs = 7
  names.update('api.test', [{ ip: '10.0.0.1', port: 1, weight: 2 }])
  const { weight, state, ewmaMs } = balancer.targets[0]!
  assert.deepEqual([weight, state.isOut, ewmaMs], [2, true, 7])
})

test('an exchange that ends after its target has left the answer is counted down all the same', () => {
  for (const algorithm of ['round-robin', 'least-connections', 'latency', 'consistent-hashing'] as const) {
    const targets = [{ target: 'api.test:80', weight: 100 }]
    const { balancer, names } = build({ upstream: { ...UPSTREAM, algorithm }, targets })
    names.update('api.test', answersOf('10.0.0.1', '10.0.0.2'))
    const x = exchangeOf()
    const target = balancer.pick(x)!
    names.update('api.test', answersOf('10.0.0.3'))
    balancer.done(x, target, faults.NONE)
    assert.equal(target.inFlight, 0, algorithm)
    assert.equal(nameOf(balancer.pick(exchangeOf())), '10.0.0.3:80', algorithm)
  }
})

test('the Host field leaves out the port that is the scheme’s own', () => {
  const cases = [
    ['http', 80, 'api.test'],
    ['http', 443, 'api.test:443'],
    ['https', 443, 'api.test'],
    ['grpcs', 80, 'api.test:80'],
    ['grpc', 80, 'api.test'],
  ] as const
  for (const [protocol, port, expected] of cases) {
    const { balancer, names } = build({ service: { ...SERVICE, protocol, port } })
    names.update('api.test', answersOf('10.0.0.1'))
    assert.equal(hostField(balancer.targets[0]!), `Host: ${expected}\r\n`)
  }
})

test('host_header names all targets, with their port unless it brings its own', () => {
  const targets = [{ target: '10.0.0.1:8000', weight: 1 }]
  for (const [host_header, expected] of [
    ['shop.test', 'shop.test:8000'],
    ['shop.test:99', 'shop.test:99'],
  ] as const) {
    const { balancer } = build({ upstream: { ...UPSTREAM, host_header }, targets })
    assert.equal(hostField(balancer.targets[0]!), `Host: ${expected}\r\n`)
    assert.equal(balancer.targets[0]!.host, 'shop.test')
  }
})

test('use_srv_name sends the host the SRV record points to', () => {
  const targets = [{ target: 'srv.test:80', weight: 1 }]
  const { balancer, names } = build({ upstream: { ...UPSTREAM, use_srv_name: true }, targets })
  names.update('srv.test', [{ ip: '10.0.0.1', port: 81, weight: 1, host: 'one.test' }])
  assert.equal(hostField(balancer.targets[0]!), 'Host: one.test:81\r\n')
})

test('TLS goes by the host name, and by no name for an address', () => {
  const service = { ...SERVICE, protocol: 'https', port: 443, tls: VERIFIED }
  const { balancer, names } = build({ service })
  names.update('api.test', answersOf('10.0.0.1'))
  assert.deepEqual(
    [balancer.targets[0]!.address.tls?.servername, balancer.targets[0]!.address.tls?.verify],
    ['api.test', true],
  )
  const byAddress = build({ service: { ...service, host: '10.0.0.1' } }).balancer
  assert.deepEqual(
    [byAddress.targets[0]!.address.tls?.servername, byAddress.targets[0]!.address.tls?.verify],
    ['', true],
  )
  assert.equal(build({ service: { ...SERVICE, host: '10.0.0.1' } }).balancer.targets[0]!.address.tls, null)
})

test('a closed balancer no longer follows its names', () => {
  const { balancer, names } = build({})
  names.update('api.test', answersOf('10.0.0.1'))
  balancer.close()
  names.update('api.test', answersOf('10.0.0.2'))
  assert.deepEqual(balancer.targets.map(nameOf), ['10.0.0.1:8080'])
})

function build(options: Partial<BalancerOptions>) {
  const rig = makeBalancerRig()
  const balancer = buildBalancer({
    service: SERVICE,
    upstream: null,
    targets: [],
    tools: rig.tools,
    ...options,
  })
  return { balancer, names: rig.names }
}

function hostField(target: { hostField: Uint8Array }): string {
  return Buffer.from(target.hostField).toString('latin1')
}

test('addresses are let go of when they leave, or the plan dies, and not before', () => {
  const rig = makeBalancerRig()
  rig.names.update('a.test', [{ ip: '10.1.0.1', port: 0, weight: 0 }])
  const options = { service: { ...SERVICE, host: 'a.test' }, upstream: null, targets: [], tools: rig.tools }
  const [before, after] = [buildBalancer(options), buildBalancer(options)]
  rig.names.update('a.test', [{ ip: '10.1.0.2', port: 0, weight: 0 }])
  assert.deepEqual(rig.opened, ['10.1.0.2', '10.1.0.2'])
  before.close()
  assert.deepEqual(rig.opened, ['10.1.0.2'])
  after.close()
  assert.deepEqual(rig.opened, [])
})

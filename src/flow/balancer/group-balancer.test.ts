/** A fallback stands in for an upstream that cannot serve, and is judged as what it is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  answerWith,
  CIRCUIT,
  exchangeOf,
  makeBalancerRig,
  nameOf,
  UPSTREAM,
} from '../../../test/kit/balancer-rig.ts'
import { faults } from '../../base/faults.ts'
import { getFields } from '../../http1/fields.ts'
import { buildBalancer } from './build.ts'
import type { BalancerUpstream } from './upstream-input.ts'

const VERIFIED = { verify: true, verifyDepth: 1, trusted: null, certificate: null }
const SERVICE = { host: 'one', port: 80, protocol: 'https', tls: VERIFIED }
const LIMITED = { circuit_breaker: { ...CIRCUIT, max_requests: 1, max_retries: 1 } }

/** Upstreams up-0, up-1, … each the fallback of the one before, with target 10.0.0.<n> unless it is to have none. */
function open(...all: readonly (Partial<BalancerUpstream> & { none?: boolean })[]) {
  const rig = makeBalancerRig()
  const [first, ...fallbacks] = all.map(({ none, ...fields }, i) => ({
    upstream: { ...UPSTREAM, id: `up-${i}`, name: `up-${i}`, ...fields },
    targets: none === true ? [] : [{ target: `10.0.0.${i}:80`, weight: 1 }],
  }))
  return { rig, group: buildBalancer({ service: SERVICE, ...first!, fallbacks, tools: rig.tools }) }
}

test('the first upstream that has a target serves, spoken to as the service says', () => {
  const { group } = open({ none: true }, { none: true }, {})
  const target = group.pick(exchangeOf())!
  assert.equal(nameOf(target), '10.0.0.2:80')
  assert.deepEqual([target.address.tls?.servername, target.address.tls?.verify], ['', true])
})

test('an upstream that can serve asks no other', () => {
  const { group } = open({}, {})
  for (let i = 0; i < 3; i++) assert.equal(nameOf(group.pick(exchangeOf())), '10.0.0.0:80')
})

test('each try holds what its own upstream counts, and the retry is the first one’s', () => {
  const { group } = open(LIMITED, LIMITED)
  const [x, y, z] = [exchangeOf(), exchangeOf(), exchangeOf()]
  const first = group.pick(x)!
  assert.equal(group.takeRetry(y), true)
  const second = group.pick(y)!
  assert.deepEqual([nameOf(first), nameOf(second)], ['10.0.0.0:80', '10.0.0.1:80'])
  assert.equal(group.takeRetry(z), false)
  assert.equal(group.pick(z), null)
  group.done(y, second, faults.NONE)
  assert.equal(group.takeRetry(z), true)
  assert.equal(nameOf(group.pick(z)), '10.0.0.1:80')
  group.done(x, first, faults.NONE)
  assert.equal(nameOf(group.pick(exchangeOf())), '10.0.0.0:80')
})

test('what a fallback’s target answers opens the fallback’s circuit and not the first one’s', () => {
  const breaker = { circuit_breaker: { ...CIRCUIT, consecutive_failures: 1 } }
  const { rig, group } = open({ ...breaker, none: true }, breaker)
  const x = exchangeOf()
  answerWith(group, x, group.pick(x)!, 500)
  assert.equal(group.pick(exchangeOf()), null)
  assert.equal(rig.log.length, 2)
  assert.match(rig.log[0]!, /a circuit has opened.*up-1/)
  assert.match(rig.log[1]!, /refuses requests.*up-1/)
})

test('when no fallback can serve either, the first upstream’s own refusal is told', () => {
  const breaker = { circuit_breaker: { ...CIRCUIT, consecutive_failures: 1 } }
  const { group } = open(breaker, { none: true })
  const x = exchangeOf()
  answerWith(group, x, group.pick(x)!, 500)
  const refused = exchangeOf()
  assert.equal(group.pick(refused), null)
  assert.equal(group.refusal, faults.CIRCUIT_OPEN)
  assert.deepEqual(getFields(refused.response, 'retry-after'), ['5'])
})

test('a fallback that serves leaves no word of the refusal', () => {
  const { group } = open(LIMITED, {})
  group.pick(exchangeOf())
  const x = exchangeOf()
  assert.ok(group.pick(x))
  assert.deepEqual([x.detail, getFields(x.response, 'retry-after')], ['', []])
})

test('closing closes the fallbacks too', () => {
  const { rig, group } = open({}, LIMITED)
  group.close()
  assert.deepEqual([rig.tools.shared.targets.taken, rig.tools.shared.upstreams.taken], [0, 0])
})

/** The fastest target gets the requests, and slow ones are looked at again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  answersOf,
  exchangeOf,
  makeBalancerRig,
  nameOf,
  UPSTREAM,
} from '../../../../test/kit/balancer-rig.ts'
import { faults } from '../../../base/faults.ts'
import type { Target } from '../../../contract/target.ts'
import { buildBalancer } from '../build.ts'
import { DECAY_MS, FAILED_MS } from './latency.ts'

test('after each target has been measured once, the fastest gets the requests', () => {
  const gate = latency([1, 1, 1])
  const times = [30, 5, 20]
  const asked = Array.from({ length: 20 }, () => gate.ask((target) => times[target.place]!))
  assert.equal(new Set(asked.slice(0, 3)).size, 3)
  assert.deepEqual(new Set(asked.slice(3)), new Set(['10.0.0.1:80']))
})

test('weight divides the average', () => {
  const gate = latency([1, 10])
  for (let i = 0; i < 2; i++) gate.ask((target) => (target.place === 0 ? 10 : 50))
  assert.equal(
    gate.ask(() => 50),
    '10.0.0.1:80',
  )
})

test('the average moves by e^(-dt / 10 s)', () => {
  const gate = latency([1])
  gate.ask(() => 100)
  assert.equal(gate.targets[0]!.ewmaMs, 100)
  gate.pass(5000)
  gate.ask(() => 10)
  const factor = Math.exp(-(5000 + 10) / DECAY_MS)
  assert.ok(Math.abs(gate.targets[0]!.ewmaMs - (100 * factor + 10 * (1 - factor))) < 1e-9)
})

test('a target that was slow is looked at again as its average decays', () => {
  const gate = latency([1, 1])
  const ask = () => gate.ask((target) => (target.place === 0 ? 100 : 10))
  ask()
  ask()
  let asked = ''
  let seconds = 0
  for (; asked !== '10.0.0.0:80' && seconds < 100; seconds++) {
    gate.pass(1000)
    asked = ask()
  }
  // 100 decays below 10 after 10 s x ln(10), 23 s.
  assert.ok(seconds >= 22 && seconds <= 26, `${seconds}`)
})

test('requests that come together do not all go to the fastest', () => {
  const gate = latency([1, 1])
  gate.ask(() => 10)
  gate.ask(() => 11)
  const together = Array.from({ length: 4 }, () => nameOf(gate.balancer.pick(exchangeOf())))
  assert.equal(new Set(together).size, 2)
})

test('a new address starts at the mean of the others', () => {
  const gate = latency([1])
  gate.names.update('up.test', answersOf('10.0.0.1', '10.0.0.2'))
  gate.targets[0]!.ewmaMs = 10
  gate.targets[1]!.ewmaMs = 30
  for (const target of gate.targets) target.ewmaAtMs = gate.at()
  gate.names.update('up.test', answersOf('10.0.0.1', '10.0.0.2', '10.0.0.3'))
  assert.equal(gate.targets[2]!.ewmaMs, 20)
})

test('a target that refuses at once does not look fast', () => {
  const gate = latency([1, 1])
  const first = gate.balancer.pick(exchangeOf())!
  const x = exchangeOf()
  gate.balancer.done(x, first, faults.TARGET_CONNECT)
  assert.equal(first.ewmaMs, FAILED_MS)
  for (let i = 0; i < 10; i++)
    assert.notEqual(
      gate.ask(() => 50),
      nameOf(first),
    )
})

test('a client that goes away says nothing about the target', () => {
  const gate = latency([1])
  const x = exchangeOf()
  const target = gate.balancer.pick(x)!
  gate.balancer.done(x, target, faults.CLIENT_GONE)
  assert.equal(target.ewmaMs, 0)
})

test('targets without weight or health are never taken', () => {
  const gate = latency([0, 1, 1])
  gate.targets[1]!.state.setHealthy(false, 0)
  for (let i = 0; i < 5; i++)
    assert.equal(
      gate.ask(() => 500),
      '10.0.0.2:80',
    )
  gate.targets[2]!.state.setHealthy(false, 0)
  assert.equal(gate.balancer.pick(exchangeOf()), null)
})

/** Weights of the targets; a single one is the name up.test, answering 10.0.0.0. */
function latency(weights: readonly number[]) {
  const rig = makeBalancerRig()
  const host = (i: number) => (weights.length === 1 ? 'up.test' : `10.0.0.${i}`)
  const targets = weights.map((weight, i) => ({ target: `${host(i)}:80`, weight }))
  const service = { host: 'up', port: 80, protocol: 'http' }
  const upstream = { ...UPSTREAM, algorithm: 'latency' as const }
  rig.names.update('up.test', answersOf('10.0.0.0'))
  const balancer = buildBalancer({ service, upstream, targets, tools: rig.tools })
  let now = 1000
  const pass = (ms: number) => rig.now((now += ms))
  const ask = (time: (target: Target) => number): string => {
    const x = exchangeOf()
    const target = balancer.pick(x)!
    x.sentMs = now
    pass(time(target))
    x.firstByteMs = now
    balancer.done(x, target, faults.NONE)
    return nameOf(target)
  }
  return {
    balancer,
    names: rig.names,
    get targets() {
      return balancer.targets
    },
    at: () => now,
    pass,
    ask,
  }
}

/** Which values go where, and how few move. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  answersOf,
  exchangeOf,
  makeBalancerRig,
  nameOf,
  UPSTREAM,
} from '../../../../test/kit/balancer-rig.ts'
import { xxHash32Text } from '../../../base/hash.ts'
import { buildBalancer } from '../build.ts'

const KEYS = Array.from({ length: 4000 }, (_, i) => `key-${i}`)

test('the same value goes to the same target, whatever the worker and the order of the targets', () => {
  const one = mapping(ring(hosts(5)))
  assert.deepEqual(mapping(ring(hosts(5), 0.7)), one)
  assert.deepEqual(mapping(ring(hosts(5).reverse())), one)
})

test('taking a target out, or adding one, moves only about its share of the values', () => {
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 30 }), fc.nat(29), (count, which) => {
      const all = hosts(count)
      const gone = all[which % count]!
      const before = mapping(ring(all))
      const after = mapping(ring(all.filter((host) => host !== gone)))
      const moved = KEYS.filter((_, i) => before[i] !== after[i]).length
      assert.ok(moved <= (KEYS.length / count) * 1.8, `${moved} of ${KEYS.length} with ${count} targets`)
    }),
    { numRuns: 30 },
  )
})

test('while the ring has room, a target that fails hands over its own values and moves no other', () => {
  const group = ring(hosts(10))
  const before = mapping(group)
  group.targets[3]!.state.setHealthy(false, 0)
  const after = mapping(group)
  const out = nameOf(group.targets[3]!)
  KEYS.forEach((_, i) => {
    if (before[i] === out) assert.notEqual(after[i], out)
    else assert.equal(after[i], before[i])
  })
})

test('every target gets about its weight', () => {
  const group = ring(hosts(4), 0, [100, 100, 200, 0])
  const hits = tally(mapping(group))
  for (const [i, share] of [0.25, 0.25, 0.5].entries()) {
    const got = (hits.get(`10.0.0.${i}:80`) ?? 0) / KEYS.length
    assert.ok(Math.abs(got - share) < 0.07, `target ${i}: ${got}`)
  }
  assert.equal(hits.has('10.0.0.3:80'), false)
})

test('even with far more targets than the ring has room for, each gets some values', () => {
  assert.equal(tally(mapping(ring(hosts(600)))).size > 570, true)
})

test('points and look-ups lie where Kong puts them', () => {
  // Both sides worked out here from the rule, slot by slot, for a ring small enough that points collide.
  const slots = 1000
  const owner = new Map<number, string>()
  for (const i of [0, 1, 2]) {
    let wanted = 160
    for (let n = 1; wanted > 0; n++) {
      const slot = (xxHash32Text(`10.0.0.${i}::80 ${n}`) >>> 0) % slots
      if (owner.has(slot)) continue
      owner.set(slot, `10.0.0.${i}:80`)
      wanted--
    }
  }
  const expected = KEYS.map((key) => {
    let slot = (xxHash32Text(key) >>> 0) % slots
    while (!owner.has(slot)) slot = slot === 0 ? slots - 1 : slot - 1
    return owner.get(slot)
  })
  assert.deepEqual(mapping(ring(hosts(3), 0, [1, 1, 1], slots)), expected)
})

test('a retry goes on to the next target of the ring, and starts over once all have been tried', () => {
  const group = ring(hosts(3))
  const x = exchangeOf('GET / HTTP/1.1\nHost: a\nkey: 1\n')
  for (let i = 0; i < 6; i++) x.tried.push(group.pick(x)!)
  assert.equal(new Set(x.tried.slice(0, 3)).size, 3)
  assert.deepEqual(x.tried.slice(3), x.tried.slice(0, 3))
})

test('requests without a value all go to the same target', () => {
  const group = ring(hosts(5))
  const names = Array.from({ length: 20 }, () => nameOf(group.pick(exchangeOf())))
  assert.equal(new Set(names).size, 1)
})

test('no target is given when none has weight or health', () => {
  assert.equal(ring(hosts(2), 0, [0, 0]).pick(exchangeOf()), null)
  const group = ring(hosts(2))
  for (const target of group.targets) target.state.setHealthy(false, 0)
  assert.equal(group.pick(exchangeOf()), null)
})

test('a name with several addresses has them all on the ring', () => {
  const rig = makeBalancerRig()
  const targets = [{ target: 'many.test:80', weight: 100 }]
  const group = buildBalancer({ service: SERVICE, upstream: HASHED, targets, tools: rig.tools })
  rig.names.update('many.test', answersOf('10.0.0.0', '10.0.0.1', '10.0.0.2'))
  assert.equal(tally(mapping(group)).size, 3)
})

const SERVICE = { host: 'up', port: 80, protocol: 'http' }
const HASHED = {
  ...UPSTREAM,
  algorithm: 'consistent-hashing' as const,
  hash_on: 'header',
  hash_on_header: 'Key',
}

function hosts(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
}

function ring(ips: readonly string[], random = 0, weights: readonly number[] = [], slots = 10_000) {
  const targets = ips.map((ip, i) => ({ target: `${ip}:80`, weight: weights[i] ?? 100 }))
  const { tools } = makeBalancerRig(() => random)
  return buildBalancer({ service: SERVICE, upstream: { ...HASHED, slots }, targets, tools })
}

function mapping(group: ReturnType<typeof ring>): string[] {
  return KEYS.map((key) => nameOf(group.pick(exchangeOf(`GET / HTTP/1.1\nHost: a\nkey: ${key}\n`))))
}

function tally(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

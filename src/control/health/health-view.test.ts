/** The health of an upstream, field by field as Kong answers it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeChecks, makeEntity, makeTarget, makeUpstream, OUTLIERS } from '../../../test/kit/health-rig.ts'
import type { UpstreamEntity } from '../../config/model.ts'
import { NameTable } from '../../flow/balancer/name-table.ts'
import { balancerHealth, isChecked, type SeenUpstream, targetsHealth } from './health-view.ts'

const CHECKED = makeChecks({ healthy: { interval: 1, http_statuses: [200], successes: 1 } })

function seen(fields: Partial<UpstreamEntity> = {}): SeenUpstream {
  const names = new NameTable()
  const answer = (ip: string) => ({ ip, port: 0, weight: 0 })
  names.update('two.test', [answer('10.0.0.2'), answer('10.0.0.3')])
  const targets = [
    makeTarget('10.0.0.1:80'),
    makeTarget('two.test:81', '10.0.0.2', 50),
    makeTarget('two.test:81', '10.0.0.3', 50),
    makeTarget('[2001:db8::1]:82', '2001:db8::1', 0),
  ]
  targets[0]!.state.setHealthy(false, 1)
  targets[2]!.state.setHealthy(false, 1)
  const configured = [
    makeEntity('10.0.0.1:80'),
    makeEntity('two.test:81', 50),
    makeEntity('[2001:db8::1]:82', 0),
    makeEntity('gone.test:83'),
  ]
  return { upstream: makeUpstream({ healthchecks: CHECKED, ...fields }), configured, targets, names }
}

const FIELDS = { tags: null, created_at: 1, updated_at: 2, upstream: { id: 'upstream-id' } }

test('every target has its fields, its health, and that of each of its addresses', () => {
  const first = {
    ...FIELDS,
    id: 'id of 10.0.0.1:80',
    target: '10.0.0.1:80',
    weight: 100,
    health: 'UNHEALTHY',
    data: {
      host: '10.0.0.1',
      port: 80,
      dns: 'A',
      nodeWeight: 100,
      weight: { total: 100, available: 0, unavailable: 100 },
      addresses: [{ ip: '10.0.0.1', port: 80, weight: 100, health: 'UNHEALTHY' }],
    },
  }
  const second = {
    ...FIELDS,
    id: 'id of two.test:81',
    target: 'two.test:81',
    weight: 50,
    health: 'HEALTHY',
    data: {
      host: 'two.test',
      port: 81,
      dns: 'A',
      nodeWeight: 50,
      weight: { total: 100, available: 50, unavailable: 50 },
      addresses: [
        { ip: '10.0.0.2', port: 81, weight: 50, health: 'HEALTHY' },
        { ip: '10.0.0.3', port: 81, weight: 50, health: 'UNHEALTHY' },
      ],
    },
  }
  const third = {
    ...FIELDS,
    id: 'id of [2001:db8::1]:82',
    target: '[2001:db8::1]:82',
    weight: 0,
    health: 'HEALTHCHECKS_OFF',
    data: {
      host: '2001:db8::1',
      port: 82,
      dns: 'AAAA',
      nodeWeight: 0,
      weight: { total: 0, available: 0, unavailable: 0 },
      addresses: [{ ip: '2001:db8::1', port: 82, weight: 0, health: 'HEALTHCHECKS_OFF' }],
    },
  }
  const fourth = {
    ...FIELDS,
    id: 'id of gone.test:83',
    target: 'gone.test:83',
    weight: 100,
    health: 'DNS_ERROR',
    data: {
      host: 'gone.test',
      port: 83,
      dns: 'unknown',
      nodeWeight: 100,
      weight: { total: 0, available: 0, unavailable: 0 },
      addresses: [],
    },
  }
  assert.deepEqual(targetsHealth(seen(), 'node'), {
    data: [first, second, third, fourth],
    next: null,
    node_id: 'node',
  })
})

test('a target of weight 0 is out of all this, whether its name resolves or not', () => {
  const all = { ...seen(), configured: [makeEntity('gone.test:83', 0)] }
  const { data } = targetsHealth(all, 'node') as { data: { health: string }[] }
  assert.equal(data[0]!.health, 'HEALTHCHECKS_OFF')
})

test('with balancer_health=1 the upstream itself is shown', () => {
  const { data } = balancerHealth(seen(), 'node') as { data: { details: { hosts: unknown[] } } }
  const { hosts, ...details } = data.details
  assert.deepEqual(
    { ...data, details },
    {
      id: 'upstream-id',
      health: 'HEALTHY',
      balancer_health: 'HEALTHY',
      details: { healthy: true, weight: { total: 200, available: 50, unavailable: 150 } },
    },
  )
  assert.deepEqual(hosts[1], {
    host: 'two.test',
    port: 81,
    dns: 'A',
    nodeWeight: 50,
    weight: { total: 100, available: 50, unavailable: 50 },
    addresses: [
      { ip: '10.0.0.2', port: 81, weight: 50, healthy: true },
      { ip: '10.0.0.3', port: 81, weight: 50, healthy: false },
    ],
  })
})

test('the upstream is unhealthy once no more than its threshold is available', () => {
  const health = (threshold: number) => {
    const { data } = balancerHealth(seen({ healthchecks: { ...CHECKED, threshold } }), 'node') as {
      data: { health: string }
    }
    return data.health
  }
  assert.deepEqual([health(24), health(25)], ['HEALTHY', 'UNHEALTHY'])
})

test('without checks every target, and the upstream, shows that they are off', () => {
  const off = seen({ healthchecks: makeChecks() })
  const { data } = targetsHealth(off, 'node') as { data: { health: string }[] }
  assert.deepEqual(
    data.map(({ health }) => health),
    ['HEALTHCHECKS_OFF', 'HEALTHCHECKS_OFF', 'HEALTHCHECKS_OFF', 'DNS_ERROR'],
  )
  const whole = balancerHealth(off, 'node') as { data: { health: string; balancer_health: string } }
  assert.equal(whole.data.health, 'HEALTHCHECKS_OFF')
  assert.equal(whole.data.balancer_health, 'HEALTHY')
})

test('active checks, passive ones and outlier detection each count as checks', () => {
  const off = makeChecks()
  const passive = { ...off.passive, unhealthy: { ...off.passive.unhealthy, tcp_failures: 1 } }
  assert.equal(isChecked(makeUpstream()), false)
  assert.equal(isChecked(makeUpstream({ healthchecks: CHECKED })), true)
  assert.equal(isChecked(makeUpstream({ healthchecks: { ...off, passive } })), true)
  assert.equal(isChecked(makeUpstream({ outlier_detection: OUTLIERS })), true)
})

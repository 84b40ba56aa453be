/** An upstream's limits: what a try takes comes back, exactly once, however the try ends. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  answerWith,
  buildGroup,
  CIRCUIT,
  exchangeOf,
  makeBalancerRig,
} from '../../../../test/kit/balancer-rig.ts'
import { makeShared } from '../../../../test/kit/plugin-host.ts'
import { faults } from '../../../base/faults.ts'
import type { Exchange } from '../../../contract/exchange.ts'
import type { Target } from '../../../contract/target.ts'
import { getFields } from '../../../http1/fields.ts'
import type { CircuitInput } from '../upstream-input.ts'

const BREAKER = { consecutive_failures: 2, open_time: 5, half_open_requests: 1, success_threshold: 1 }

function open(circuit: Partial<CircuitInput>, rig = makeBalancerRig()) {
  const group = buildGroup(rig, { circuit_breaker: { ...CIRCUIT, ...circuit } })
  return { rig, group, state: group.upstream! }
}

test('max_requests are under way at once, over all who share the upstream, and one more is refused', () => {
  const shared = makeShared()
  const [one, other] = [1, 2].map(() => open({ max_requests: 2 }, makeBalancerRig(undefined, shared)))
  const x = exchangeOf()
  const target = one!.group.pick(x)!
  assert.ok(other!.group.pick(exchangeOf()))
  const refused = exchangeOf()
  assert.equal(one!.group.pick(refused), null)
  assert.equal(one!.group.refusal, faults.UPSTREAM_OVERFLOW)
  assert.match(refused.detail, /'up'.*2 requests/)
  assert.equal(refused.holds, 0)
  one!.group.done(x, target, faults.NONE)
  assert.ok(other!.group.pick(refused))
})

test('whatever happens, what tries hold is what is counted, and nothing is left at the end', () => {
  const kinds = ['pick', 'wait', 'sent', 'good', 'bad', 'gone', 'reset', 'retry', 'drop'] as const
  const step = fc.record({ kind: fc.constantFrom(...kinds), which: fc.nat(20) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { group, state } = open({ ...BREAKER, max_requests: 4, max_pending_requests: 2, max_retries: 1 })
      const tries: { x: Exchange; target: Target }[] = []
      const retries: Exchange[] = []
      for (const { kind, which } of steps) {
        const at = which % Math.max(1, tries.length)
        const held = tries[at]
        if (kind === 'pick') {
          const x = retries.shift() ?? exchangeOf()
          const target = group.pick(x)
          if (target === null) group.dropRetry(x)
          else tries.push({ x, target })
          continue
        }
        if (kind === 'drop') {
          for (const x of retries.splice(0)) group.dropRetry(x)
          continue
        }
        if (held === undefined) continue
        const { x, target } = held
        if (kind === 'wait') {
          if ((x.holds & 2) === 0) target.limits!.takePending(x)
          continue
        }
        if (kind === 'sent') {
          if ((x.holds & 2) !== 0) target.limits!.givePending(x)
          continue
        }
        tries.splice(at, 1)
        if (kind === 'good' || kind === 'bad') answerWith(group, x, target, kind === 'good' ? 200 : 500)
        else group.done(x, target, kind === 'gone' ? faults.CLIENT_GONE : faults.TARGET_RESET)
        assert.equal(x.holds, 0)
        if (kind === 'retry' && group.takeRetry(x)) retries.push(x)
        assert.equal(state.requests, tries.length)
        assert.equal(state.pending, tries.filter((each) => (each.x.holds & 2) !== 0).length)
      }
      for (const { x, target } of tries) group.done(x, target, faults.CLIENT_GONE)
      for (const x of retries) group.dropRetry(x)
      assert.deepEqual([state.requests, state.pending, state.retries], [0, 0, 0])
    }),
  )
})

test('a circuit that opens refuses with the time to wait, and lets a probe in when it is over', () => {
  const { rig, group } = open(BREAKER)
  for (const status of [200, 500, 500]) answer(group, status)
  assert.equal(rig.log.filter((line) => line.startsWith('warn a circuit has opened')).length, 1)
  rig.now(1000 + 3500)
  const refused = exchangeOf()
  assert.equal(group.pick(refused), null)
  assert.equal(group.refusal, faults.CIRCUIT_OPEN)
  assert.deepEqual(getFields(refused.response, 'retry-after'), ['2'])
  assert.match(refused.detail, /circuit of upstream 'up' is open for 1500 ms/)
  rig.now(6000)
  const probe = exchangeOf()
  const target = group.pick(probe)!
  assert.equal(group.pick(exchangeOf()), null)
  answerWith(group, probe, target, 200)
  for (let i = 0; i < 3; i++) assert.ok(answer(group, 200))
  assert.equal(rig.log.filter((line) => line.startsWith('warn a circuit has closed')).length, 1)
})

test('a request for which no target is left holds nothing', () => {
  const { group, state } = open({ ...BREAKER, max_requests: 1 })
  for (const target of group.targets) target.state.setHealthy(false, 0)
  const x = exchangeOf()
  assert.equal(group.pick(x), null)
  assert.deepEqual([group.refusal, x.holds, state.requests], [faults.TARGET_NONE, 0, 0])
})

test('a client that leaves judges nothing, and its probe is another one’s', () => {
  const { rig, group } = open(BREAKER)
  for (let i = 0; i < 5; i++) end(group, faults.CLIENT_GONE)
  for (let i = 0; i < 2; i++) end(group, faults.TARGET_CONNECT)
  rig.now(6000)
  end(group, faults.CLIENT_STALLED)
  assert.ok(answer(group, 200), 'the place is free again')
  assert.ok(answer(group, 200), 'and the circuit closed')
})

test('a failing head is one failure, also when the rest of the answer is lost', () => {
  const { group } = open(BREAKER)
  const x = exchangeOf()
  const target = group.pick(x)!
  x.response.status = 503
  group.answered(x, target)
  group.done(x, target, faults.TARGET_RESET)
  assert.ok(group.pick(exchangeOf()))
})

test('an answer that breaks off is a failure', () => {
  const { group } = open(BREAKER)
  for (let i = 0; i < 2; i++) {
    const x = exchangeOf()
    const target = group.pick(x)!
    x.response.status = 200
    group.answered(x, target)
    x.firstByteMs = 1
    group.done(x, target, faults.TARGET_RESET)
  }
  assert.equal(group.pick(exchangeOf()), null)
})

test('only the statuses named are failures', () => {
  const { group } = open({ ...BREAKER, failure_statuses: [503] })
  for (let i = 0; i < 5; i++) assert.ok(answer(group, 500))
  for (let i = 0; i < 2; i++) answer(group, 503)
  assert.equal(group.pick(exchangeOf()), null)
})

test('a share of failures opens the circuit once there are enough requests', () => {
  const { group } = open({ failure_percentage: 50, minimum_requests: 6 })
  for (const status of [200, 500, 200, 500, 200]) assert.ok(answer(group, status))
  answer(group, 500)
  assert.equal(group.pick(exchangeOf()), null)
})

test('max_retries bounds the retries at once; a try that follows none gives nothing back', () => {
  const { group, state } = open({ max_retries: 1 })
  const x = exchangeOf()
  assert.equal(group.takeRetry(x), true)
  assert.equal(group.takeRetry(exchangeOf()), false)
  end(group, faults.NONE)
  assert.equal(state.retries, 1)
  group.done(x, group.pick(x)!, faults.NONE)
  assert.equal(state.retries, 0)
})

test('a budget is a share of what is under way, and never less than its minimum', () => {
  const { group } = open({ max_retries: 1, retry_budget: { budget_percent: 50, min_retry_concurrency: 1 } })
  assert.deepEqual([group.takeRetry(exchangeOf()), group.takeRetry(exchangeOf())], [true, false])
  for (let i = 0; i < 6; i++) group.pick(exchangeOf())
  const more = Array.from({ length: 3 }, () => group.takeRetry(exchangeOf()))
  assert.deepEqual(more, [true, true, false])
})

test('operators are told of refusals once a second, with their number, and all are counted', () => {
  const { rig, group, state } = open({ max_requests: 1, max_pending_requests: 1, max_retries: 1 })
  const other = open({ max_requests: 1 }, rig).group
  rig.now(5000)
  const x = exchangeOf()
  const target = group.pick(x)!
  for (let i = 0; i < 3; i++) assert.equal((i === 1 ? other : group).pick(exchangeOf()), null)
  rig.now(5999)
  group.pick(exchangeOf())
  const [one, ...more] = rig.log
  assert.deepEqual(more, [])
  assert.match(one!, /warn an upstream refuses requests .*"upstream":"up".*max_requests","count":1/)
  rig.now(6000)
  group.pick(exchangeOf())
  assert.match(rig.log[1]!, /"count":4/)
  for (let i = 0; i < 2; i++) target.limits!.takePending(exchangeOf())
  assert.match(rig.log[2]!, /max_pending_requests","count":1/)
  for (let i = 0; i < 3; i++) group.takeRetry(exchangeOf())
  assert.deepEqual(
    [0, 1, 2, 3].map((by) => state.refused(by)),
    [0, 5, 1, 2],
  )
})

test('an upstream that limits no connections asks nothing of the transport', () => {
  assert.equal(open({ max_requests: 3 }).group.targets[0]!.limits, null)
  for (const limit of [{ max_connections: 1 }, { max_pending_requests: 1 }])
    assert.notEqual(open(limit).group.targets[0]!.limits, null)
})

test('connections are counted up to max_connections; where none is there yet one more may be', () => {
  const { group, state } = open({ max_connections: 2 })
  const limits = group.targets[0]!.limits!
  const taken = [false, false, false, true].map((mayExceed) => limits.takeConnection(mayExceed))
  assert.deepEqual([taken, state.connections], [[true, true, false, true], 3])
  for (let i = 0; i < 2; i++) limits.giveConnection()
  assert.equal(limits.takeConnection(false), true)
})

test('a connection that outlives its plan keeps the row until its count is given back', () => {
  const { rig, group } = open({ max_connections: 2 })
  const limits = group.targets[0]!.limits!
  limits.takeConnection(false)
  group.close()
  const rows = rig.tools.shared.upstreams
  assert.equal(rows.taken, 1)
  limits.giveConnection()
  assert.equal(rows.taken, 0)
})

function answer(group: ReturnType<typeof open>['group'], status: number): boolean {
  const x = exchangeOf()
  const target = group.pick(x)
  if (target !== null) answerWith(group, x, target, status)
  return target !== null
}

function end(group: ReturnType<typeof open>['group'], fault: (typeof faults)[keyof typeof faults]): void {
  const x = exchangeOf()
  group.done(x, group.pick(x)!, fault)
}

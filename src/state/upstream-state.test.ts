/** What an upstream may hold at once, against plain counts: refused only at the limit, and nothing is ever lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makePrivateRow, makeRowBuffer, Rows } from './rows.ts'
import { forgetUpstreamShares, UpstreamState, upstreamRowWords } from './upstream-state.ts'

const OWNERS = 3

function seenBy(): { rows: Rows; states: UpstreamState[] } {
  const width = upstreamRowWords(OWNERS)
  const rows = new Rows(makeRowBuffer({ rows: 1, width, owners: OWNERS, seedA: 0, seedB: 0 }), 0)
  const at = rows.claim(1, 1)
  const states = [0, 1, 2].map((owner) => new UpstreamState(rows.words, rows.doubles, at, owner))
  return { rows, states }
}

const KINDS = ['Request', 'Pending', 'Connection', 'Retry'] as const
type Kind = (typeof KINDS)[number]

function take(state: UpstreamState, kind: Kind, max: number): boolean {
  if (kind === 'Request') return state.takeRequest(max)
  if (kind === 'Pending') return state.takePending(max)
  return kind === 'Connection' ? state.takeConnection(max) : state.takeRetry(max)
}

function give(state: UpstreamState, kind: Kind): void {
  if (kind === 'Request') state.giveRequest()
  else if (kind === 'Pending') state.givePending()
  else if (kind === 'Connection') state.giveConnection()
  else state.giveRetry()
}

const step = fc.record({
  does: fc.constantFrom('take', 'take', 'give', 'die'),
  kind: fc.constantFrom(...KINDS),
  owner: fc.nat(OWNERS - 1),
  max: fc.integer({ min: -1, max: 5 }),
})

test('a place is refused only while all are held; deaths and gives free exactly what was held', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const { rows, states } = seenBy()
      const held = new Map<string, number>()
      const total = (kind: Kind) => [0, 1, 2].reduce((sum, owner) => sum + (held.get(kind + owner) ?? 0), 0)
      for (const { does, kind, owner, max } of steps) {
        const own = held.get(kind + owner) ?? 0
        if (does === 'take') {
          const isFree = max <= 0 || total(kind) < max
          assert.equal(take(states[owner]!, kind, max), isFree)
          if (isFree) held.set(kind + owner, own + 1)
        } else if (does === 'give') {
          give(states[owner]!, kind)
          held.set(kind + owner, Math.max(0, own - 1))
        } else {
          forgetUpstreamShares(rows, owner)
          for (const each of KINDS) held.delete(each + owner)
        }
        const { requests, pending, connections, retries } = states[0]!
        assert.deepEqual([requests, pending, connections, retries], KINDS.map(total))
      }
    }),
    { numRuns: 300 },
  )
})

test('a retry budget is a share of what is under way and waiting, with a least number', () => {
  const { states } = seenBy()
  const [one, two] = [states[1]!, states[2]!]
  for (let i = 0; i < 90; i++) one.takeRequest(0)
  for (let i = 0; i < 10; i++) two.takePending(0)
  for (let i = 0; i < 29; i++) assert.equal(two.takeRetryInBudget(29, 3), true)
  assert.equal(one.takeRetryInBudget(29, 3), false)
  two.giveRetry()
  assert.equal(one.takeRetryInBudget(29, 3), true)
  assert.equal(one.takeRetryInBudget(1, 31), true)
})

test('a retry budget of nothing refuses, and does not mean no limit', () => {
  const { states } = seenBy()
  assert.equal(states[1]!.takeRetryInBudget(20, 0), false)
  assert.equal(states[1]!.takeRetryInBudget(20, 1), true)
})

test('ejections stop at their share of the hosts, but one host may always go where that is asked for', () => {
  const { states } = seenBy()
  const one = states[1]!
  assert.equal(one.tryEject(3, 10, false), false)
  assert.equal(one.tryEject(3, 10, true), true)
  assert.equal(one.tryEject(3, 10, true), false)
  assert.equal(states[2]!.tryEject(20, 10, false), true)
  assert.equal(states[2]!.tryEject(20, 10, false), false)
  assert.equal(one.ejected, 2)
  for (const left of [1, 0, 0]) {
    states[2]!.giveEjection()
    assert.equal(one.ejected, left)
  }
  assert.equal(one.tryEject(0, 100, false), false)
})

test('a count of ejections is corrected unless it has changed', () => {
  const { states } = seenBy()
  states[1]!.tryEject(10, 100, false)
  assert.equal(states[0]!.correctEjections(0, 5), false)
  assert.equal(states[0]!.correctEjections(1, 0), true)
  assert.equal(states[0]!.ejected, 0)
})

test('an upstream without a shared row works alone, its breaker too', () => {
  const row = makePrivateRow(upstreamRowWords(OWNERS))
  const state = new UpstreamState(row.words, row.doubles, row.at, 2)
  assert.deepEqual([state.takeRequest(1), state.takeRequest(1)], [true, false])
  const settings = {
    windowMs: 1000,
    minimumRequests: 1,
    failurePercent: 50,
    consecutiveFailures: 0,
    openMs: 100,
    openMsMax: 100,
    probesMax: 1,
    successesToClose: 1,
  }
  state.breaker.report(1, settings, state.breaker.admit(1, settings), false)
  assert.equal(state.breaker.admit(2, settings), -1)
  assert.equal(state.requests, 1)
})

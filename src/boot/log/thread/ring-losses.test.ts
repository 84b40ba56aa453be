/** What the ring had no room for, as lines for the operator. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_ROOM, RingLosses } from './ring-losses.ts'

test('what found no room is said by sink, once a minute with what came since', () => {
  const said: unknown[] = []
  let nowMs = 0
  const losses = new RingLosses({
    now: () => nowMs,
    log: (_level, _message, fields) => said.push({ ...(fields!['lost'] as object) }),
  })
  const look = (...counts: number[]): void =>
    losses.look(
      counts.map((count, i) => ({
        label: `s${i}`,
        records: 9,
        delivered: 0,
        waiting: 0,
        lost: { [NO_ROOM]: count, other: 5 },
      })),
    )
  look(0, 0)
  look(2, 0)
  look(3, 1)
  assert.deepEqual(said, [{ s0: 2 }])
  nowMs = 60_000
  look(3, 1)
  look(9, 9)
  assert.deepEqual(said, [{ s0: 2 }, { s0: 1, s1: 1 }])
})

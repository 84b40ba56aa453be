/** What a machine tells the others with a sync_rate: all of it, however much it is, and to the last. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeShared } from '../../test/kit/plugin-host.ts'
import type { Push, RedisLink } from '../contract/machine/redis.ts'
import { PENDING_MAX } from '../redis/shared-link.ts'
import { Calendar } from './calendar.ts'
import { Deltas } from './deltas.ts'
import { OtherCounts } from './other-counts.ts'
import { PERIODS } from './periods.ts'
import { RedisKeys } from './redis-keys.ts'

const MINUTE_AND_HOUR = Int32Array.of(1, 2)

test('more keys than a link has places for are told in several pushes', () => {
  const { deltas, calendar, link } = open()
  for (let i = 0; i < 20_000; i++) deltas.add(found(`client ${i}`), MINUTE_AND_HOUR, calendar.ids, 1)
  deltas.push()
  link.answerAll()
  assert.equal(link.totals.size, 40_000)
  deltas.push()
  assert.equal(deltas.size, 0)
})

test('what was counted while the last push was under way is told after it', () => {
  const { deltas, calendar, link } = open()
  deltas.add(found('jo'), MINUTE_AND_HOUR, calendar.ids, 1)
  deltas.push()
  deltas.add(found('jo'), MINUTE_AND_HOUR, calendar.ids, 2)
  deltas.close()
  link.answerAll()
  assert.deepEqual([...link.totals.values()], [3, 3])
})

test('a Redis that fails is not asked again before its time', () => {
  const { deltas, calendar, link } = open()
  for (let i = 0; i < 20_000; i++) deltas.add(found(`client ${i}`), MINUTE_AND_HOUR, calendar.ids, 1)
  deltas.push()
  link.failOne()
  assert.equal(link.pushes.length, 0)
  assert.equal(deltas.size, 20_000)
})

/** Redis, as a list of pushes to be answered. */
class TestLink implements RedisLink {
  readonly state = 'up'
  readonly pushes: Push[] = []
  readonly totals = new Map<string, number>()

  check(): boolean {
    return false
  }

  push(push: Push): boolean {
    if (push.keys.length > PENDING_MAX) return false
    push.isPending = true
    this.pushes.push(push)
    return true
  }

  answerAll(): void {
    for (let push = this.pushes.shift(); push !== undefined; push = this.pushes.shift()) {
      push.keys.forEach((key, i) => {
        this.totals.set(key, (this.totals.get(key) ?? 0) + push.deltas[i]!)
        push.totals[i] = this.totals.get(key)!
      })
      push.isPending = false
      push.onPushed(null)
    }
  }

  failOne(): void {
    const push = this.pushes.shift()!
    for (const _ of push.keys) push.totals.push(Number.NaN)
    push.isPending = false
    push.onPushed('timeout')
  }

  close(): void {}
}

function open() {
  const calendar = new Calendar(() => Date.UTC(2027, 2, 1))
  calendar.refresh(0)
  assert.equal(calendar.ids.length, PERIODS)
  const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
  const link = new TestLink()
  const keys = new RedisKeys(scope, calendar)
  const others = new OtherCounts(makeShared().limits)
  const deltas = new Deltas({ link, calendar, keys, others, now: () => 0 })
  return { deltas, calendar, link }
}

function found(text: string) {
  return { a: text.length, b: 1, text, by: 'ip' as const }
}

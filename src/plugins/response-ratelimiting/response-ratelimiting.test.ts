/** What response-ratelimiting promises to clients, targets and operators. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, fieldsOf, LimitRig } from '../../../test/kit/limit-rig.ts'
import { faults } from '../../base/faults.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE } from '../../contract/plugin.ts'
import { getField } from '../../http1/fields.ts'
import { ADMITTED, REFUSED, RESPONSE_RATELIMITING } from '../../state/counters.ts'
import { readAmounts } from './amounts.ts'
import responseRatelimiting from './response-ratelimiting.ts'

const plugin = (config: object, options = {}) => LimitRig.open(responseRatelimiting, config, options)

test('what an answer says it used is taken off, and the client is told what is left', () => {
  const rig = plugin({ limits: { videos: { minute: 10, hour: 20 } } })
  const x = answered(rig, 'X-Kong-Limit: videos=3')
  assert.deepEqual(fieldsOf(x), [
    'X-RateLimit-Limit-videos-minute: 10',
    'X-RateLimit-Remaining-videos-minute: 7',
    'X-RateLimit-Limit-videos-hour: 20',
    'X-RateLimit-Remaining-videos-hour: 17',
  ])
  assert.equal(getField(rig.ask().request, 'x-ratelimit-remaining-videos'), '7')
})

test('the target is told the least that is left of each limit', () => {
  const rig = plugin({ limits: { videos: { minute: 10, hour: 20 }, images: { day: 5 } } })
  const x = rig.ask()
  assert.equal(getField(x.request, 'x-ratelimit-remaining-videos'), '10')
  assert.equal(getField(x.request, 'x-ratelimit-remaining-images'), '5')
})

test('an answer that uses of a limit of which nothing is left is replaced by 429 without body, and does not count', () => {
  const rig = plugin({ limits: { videos: { minute: 2 } } })
  answered(rig, 'X-Kong-Limit: videos=2')
  const x = answered(rig, 'X-Kong-Limit: videos=1\r\nContent-Type: text/plain')
  assert.deepEqual([x.status, x.proxied, x.answerBody.length], [429, false, 0])
  assert.equal(x.fault, faults.LIMIT_EXCEEDED)
  assert.deepEqual(fieldsOf(x), [
    'X-RateLimit-Limit-videos-minute: 2',
    'X-RateLimit-Remaining-videos-minute: 0',
    'Retry-After: 60',
  ])
  assert.equal(x.detail, 'limit of 2 videos a minute, by ip')
  assert.equal(answered(rig, 'X-Other: 1').proxied, true)
})

test('block_on_first_violation refuses before the target is asked', () => {
  const rig = plugin({
    block_on_first_violation: true,
    limits: { videos: { minute: 2 }, images: { minute: 5 } },
  })
  answered(rig, 'X-Kong-Limit: videos=2')
  const x = rig.ask(DONE)
  assert.deepEqual(
    [x.fault, x.faultStatus, x.faultText],
    [faults.LIMIT_EXCEEDED, 429, "API rate limit exceeded for 'videos'"],
  )
  assert.deepEqual(fieldsOf(x), ['Retry-After: 60'])
  assert.deepEqual(rig.counted, [RESPONSE_RATELIMITING + ADMITTED, RESPONSE_RATELIMITING + REFUSED])
})

test('a refusal says when the longest of the periods that are used up is over, also where headers are hidden', () => {
  const limits = { videos: { minute: 2, hour: 2, day: 9 }, images: { minute: 5, hour: 6 } }
  const rig = plugin({ hide_client_headers: true, limits })
  answered(rig, 'X-Kong-Limit: videos=2, images=5')
  assert.deepEqual(fieldsOf(answered(rig, 'X-Kong-Limit: images=1')), ['Retry-After: 60'])
  assert.deepEqual(fieldsOf(answered(rig, 'X-Kong-Limit: videos=1, images=1')), ['Retry-After: 3600'])
})

test('hidden, the client sees nothing of the limits, nor the target’s header', () => {
  const rig = plugin({ hide_client_headers: true, header_name: 'X-Used', limits: { videos: { minute: 2 } } })
  assert.deepEqual(fieldsOf(answered(rig, 'X-Used: videos=1')), [])
})

test('names that are no limits and amounts that are no numbers use nothing', () => {
  const names = ['videos', 'images']
  assert.deepEqual(readAmounts(['videos=1, images = 2'], names), [1, 2])
  assert.deepEqual(readAmounts(['videos=1', 'images=2'], names), [1, 2])
  assert.deepEqual(readAmounts(['songs=1, videos=x, images=-1'], names), [0, 0])
  assert.deepEqual(readAmounts(['videos, images=1=2, =3, videos='], names), [0, 0])
  assert.deepEqual(readAmounts([], names), [0, 0])
})

test('two workers over one table share the counts', () => {
  const config = { limits: { videos: { minute: 5 } } }
  const one = plugin(config)
  answered(one, 'X-Kong-Limit: videos=3')
  const two = plugin(config, { shared: one.shared })
  assert.equal(getField(two.ask().request, 'x-ratelimit-remaining-videos'), '2')
})

test('the configuration needs a limit with a period, in Kong’s words', () => {
  assert.deepEqual(check(responseRatelimiting, {}), ['limits: required field missing'])
  assert.deepEqual(check(responseRatelimiting, { limits: {} }), ['limits: length must be at least 1'])
  assert.deepEqual(check(responseRatelimiting, { limits: { videos: {} } }), [
    "limits.videos.@entity: at least one of these fields must be non-empty: 'second', 'minute', 'hour', 'day', 'month', 'year'",
  ])
  assert.deepEqual(check(responseRatelimiting, { limits: { videos: { minute: 20, hour: 10 } } }), [
    'limits.videos: the limit for hour(10.0) cannot be lower than the limit for minute(20.0)',
  ])
  assert.deepEqual(check(responseRatelimiting, { policy: 'redis', limits: { videos: { minute: 1 } } }), [
    'redis.host: required field missing',
    "@entity: failed conditional validation given value of field 'config.policy'",
  ])
})

/** A request whose target answers with these fields. */
function answered(rig: LimitRig, fields: string): Exchange {
  const x = rig.ask()
  const head = Buffer.from(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`)
  x.response.feed(head, 0, head.length)
  x.proxied = true
  rig.handler.onResponse?.(x)
  rig.handler.onLog?.(x)
  return x
}

/** What one machine admits when Redis comes back and knows nothing of what came meanwhile. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LimitRig } from '../../../test/kit/limit-rig.ts'
import { faults } from '../../base/faults.ts'
import { type Check, FIXED, type RedisLink } from '../../contract/machine/redis.ts'
import { DONE, WAIT } from '../../contract/plugin.ts'
import rateLimiting from './rate-limiting.ts'

for (const algorithm of ['fixed-window', 'sliding-window', 'token-bucket', 'leaky-bucket'])
  test(`${algorithm}: a Redis that comes back empty gives nobody the limit twice`, () => {
    const { rig, link } = open({
      minute: 4,
      algorithm,
      ...(algorithm === 'leaky-bucket' ? { burst: 3 } : {}),
    })
    assert.equal(askRedis(rig, link), true)
    link.isUp = false
    for (let i = 0; i < 2; i++)
      assert.notEqual(rig.ask(algorithm === 'leaky-bucket' ? WAIT : 0).fault, faults.LIMIT_EXCEEDED)
    link.isUp = true
    assert.equal(askRedis(rig, link), true)
    // A window that is known to be full is not asked about.
    if (algorithm === 'fixed-window') rig.ask(DONE)
    else assert.equal(askRedis(rig, link), false)
  })

test('when what came meanwhile is over, Redis decides again', () => {
  const { rig, link } = open({ minute: 2, algorithm: 'sliding-window' })
  link.isUp = false
  rig.ask()
  link.isUp = true
  rig.pass(120_000)
  for (let i = 0; i < 5; i++) assert.equal(askRedis(rig, link), true)
})

test('a cost that the answer names is counted here when Redis fails to', () => {
  const { rig, link } = open({ hour: 10, cost: { by: 'response_header', name: 'X-Cost' } })
  const x = rig.ask(WAIT)
  link.answer()
  const head = Buffer.from('HTTP/1.1 200 OK\r\nX-Cost: 10\r\n\r\n')
  x.response.feed(head, 0, head.length)
  x.proxied = true
  rig.handler.onResponse?.(x)
  link.waiting.shift()?.onChecked('closed')
  assert.equal(rig.ask(1).fault, faults.LIMIT_EXCEEDED)
})

function open(config: object) {
  const link = new EmptyRedis()
  const redis = { open: () => link }
  const away = { policy: 'redis', redis: { host: 'h' } }
  return { rig: LimitRig.open(rateLimiting, { ...away, ...config }, { redis }), link }
}

function askRedis(rig: LimitRig, link: EmptyRedis): boolean {
  const x = rig.ask(WAIT)
  link.answer()
  return x.fault !== faults.LIMIT_EXCEEDED
}

/** It has lost all counts, and has room for everybody. */
class EmptyRedis implements RedisLink {
  readonly state = 'up'
  readonly waiting: Check[] = []
  isUp = true

  check(check: Check): boolean {
    if (this.isUp) this.waiting.push(check)
    return this.isUp
  }

  answer(): void {
    const check = this.waiting.shift()!
    check.refusedBy = -1
    check.used.fill(0)
    check.waitMs = 0
    check.left = check.kind === FIXED ? 0 : 3
    check.onChecked(null)
  }

  push(): boolean {
    return false
  }

  close(): void {}
}

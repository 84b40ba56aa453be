/** Ids are 32 hex digits, never the same twice, and differ between workers. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { REQUEST_LIMITS } from '../../http1/limits.ts'
import { Exchanges } from './exchanges.ts'
import { RequestIds } from './request-ids.ts'

function take(ids: RequestIds, count: number): string[] {
  const into = Buffer.alloc(32)
  return Array.from({ length: count }, () => {
    ids.next(into)
    return into.toString('latin1')
  })
}

test('100,000 ids are all different and all hexadecimal', () => {
  const all = take(new RequestIds(randomBytes(16)), 100_000)
  assert.equal(new Set(all).size, all.length)
  for (const id of all) assert.match(id, /^[0-9a-f]{32}$/)
})

test('every digit is about equally likely at every place', () => {
  const all = take(new RequestIds(Buffer.alloc(16, 7)), 8000)
  for (let place = 0; place < 32; place++) {
    const counts = new Map<string, number>()
    for (const id of all) counts.set(id[place]!, (counts.get(id[place]!) ?? 0) + 1)
    assert.equal(counts.size, 16)
    for (const count of counts.values()) assert.ok(count > 350 && count < 650, `place ${place}: ${count}`)
  }
})

test('the generator is xoshiro128**: its published first outputs for the state 1, 2, 3, 4', () => {
  const seed = Buffer.from('00000001000000020000000300000004', 'hex')
  const swap = (hex: string): string => [...hex].reverse().join('')
  const words = take(new RequestIds(seed), 3).flatMap((id) =>
    id.match(/.{8}/g)!.map((word) => Number.parseInt(swap(word), 16)),
  )
  assert.deepEqual(
    words.slice(0, 10),
    [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804],
  )
})

test('two seeds give two series, and a seed of zeros is no standstill', () => {
  const one = take(new RequestIds(Buffer.alloc(16, 1)), 100)
  const two = take(new RequestIds(Buffer.alloc(16, 2)), 100)
  assert.equal(new Set([...one, ...two]).size, 200)
  assert.equal(new Set(take(new RequestIds(Buffer.alloc(16)), 100)).size, 100)
})

test('an exchange is used again, clean and with another id', () => {
  const exchanges = new Exchanges(REQUEST_LIMITS, new RequestIds(randomBytes(16)))
  const x = exchanges.acquire()
  const id = x.requestId.toString()
  x.upstreamHost = 'left over'
  exchanges.release(x)
  const again = exchanges.acquire()
  assert.equal(again, x)
  assert.equal(again.upstreamHost, '')
  assert.notEqual(again.requestId.toString(), id)
  assert.notEqual(exchanges.acquire(), x, 'never two at once')
})

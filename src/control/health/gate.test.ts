/** How many probes are under way at once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Gate } from './gate.ts'

test('no more than its places are inside, and all get in, in order', async () => {
  const gate = new Gate(2)
  const order: number[] = []
  let inside = 0
  let most = 0
  const task = async (i: number) => {
    order.push(i)
    most = Math.max(most, ++inside)
    await new Promise((resolve) => setImmediate(resolve))
    inside--
    if (i === 1) throw new Error('a task that fails gives its place back')
  }
  const all = await Promise.allSettled([0, 1, 2, 3, 4, 5].map((i) => gate.pass(() => task(i))))
  assert.deepEqual(order, [0, 1, 2, 3, 4, 5])
  assert.equal(most, 2)
  assert.equal(all.filter(({ status }) => status === 'rejected').length, 1)
  await gate.pass(() => task(6))
})

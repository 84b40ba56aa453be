/** What is queued within a turn leaves at its end, once a socket, in order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Clock } from './clock.ts'
import { type Flushable, Turn } from './turn.ts'

class Item implements Flushable {
  queued = false
  readonly name: string
  readonly log: string[]
  after: (() => void) | null = null
  constructor(name: string, log: string[]) {
    this.name = name
    this.log = log
  }
  flush(): void {
    this.log.push(this.name)
    this.after?.()
  }
}

function makeRig() {
  const deferred: (() => void)[] = []
  let reads = 0
  const clock = new Clock(
    () => ++reads,
    () => 0,
  )
  return { turn: new Turn(clock, (run) => deferred.push(run)), deferred, clock }
}

test('each socket is flushed once a turn, in the order of its first push', () => {
  const { turn, deferred } = makeRig()
  const log: string[] = []
  const [a, b] = [new Item('a', log), new Item('b', log)]
  turn.push(a)
  turn.push(b)
  turn.push(a)
  assert.equal(deferred.length, 1, 'one wake-up a turn')
  assert.deepEqual(log, [])
  deferred[0]!()
  assert.deepEqual(log, ['a', 'b'])
  turn.push(a)
  assert.equal(deferred.length, 2)
  deferred[1]!()
  assert.deepEqual(log, ['a', 'b', 'a'])
})

test('what is pushed while the turn ends leaves with the next one, and nothing is lost', () => {
  const { turn, deferred } = makeRig()
  const log: string[] = []
  const [a, b] = [new Item('a', log), new Item('b', log)]
  a.after = () => {
    a.after = null
    turn.push(a)
    turn.push(b)
  }
  turn.push(a)
  deferred[0]!()
  assert.deepEqual(log, ['a'])
  deferred[1]!()
  assert.deepEqual(log, ['a', 'a', 'b'])
  assert.equal(deferred.length, 2)
})

test('the clock is read once a turn', () => {
  const { turn, deferred, clock } = makeRig()
  assert.deepEqual([clock.now(), clock.now()], [1, 1])
  turn.push(new Item('a', []))
  assert.equal(clock.now(), 1)
  deferred[0]!()
  assert.deepEqual([clock.now(), clock.now()], [2, 2])
})

/** Limits are noticed in one sweep, whatever is added and removed meanwhile. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Deadlines, type Timed } from './deadlines.ts'

class Item implements Timed {
  deadlineMs: number
  slot = -1
  calls = 0
  act: (() => void) | null = null
  constructor(deadlineMs: number) {
    this.deadlineMs = deadlineMs
  }
  onDeadline(): void {
    this.calls++
    this.deadlineMs = 0
    this.act?.()
  }
}

test('a limit is told once its time has come, and 0 is never', () => {
  const deadlines = new Deadlines()
  const [due, later, never] = [new Item(100), new Item(101), new Item(0)]
  for (const item of [due, later, never]) deadlines.add(item)
  deadlines.sweep(99)
  assert.equal(due.calls, 0)
  deadlines.sweep(100)
  deadlines.sweep(100)
  assert.deepEqual([due.calls, later.calls, never.calls], [1, 0, 0])
})

test('removing twice removes nobody else', () => {
  const deadlines = new Deadlines()
  const [a, b] = [new Item(1), new Item(1)]
  deadlines.add(a)
  deadlines.add(b)
  deadlines.remove(a)
  deadlines.remove(a)
  deadlines.sweep(1)
  assert.deepEqual([a.calls, b.calls], [0, 1])
})

test('an item that took the place of another one can be removed from there', () => {
  const deadlines = new Deadlines()
  const [a, b, c] = [new Item(1), new Item(1), new Item(1)]
  for (const item of [a, b, c]) deadlines.add(item)
  deadlines.remove(a)
  deadlines.remove(c)
  deadlines.sweep(1)
  assert.deepEqual([a.calls, b.calls, c.calls], [0, 1, 0])
})

test('whoever is removed is not called, whoever stays is called once, even if a call removes or adds others', () => {
  const plan = fc.array(fc.record({ removes: fc.nat(9), adds: fc.boolean() }), {
    minLength: 1,
    maxLength: 10,
  })
  fc.assert(
    fc.property(plan, (acts) => {
      const deadlines = new Deadlines()
      const items = acts.map(() => new Item(1))
      const removed = new Set<Item>()
      const added: Item[] = []
      for (const [i, act] of acts.entries()) {
        items[i]!.act = () => {
          const victim = items[act.removes % items.length]!
          if (victim.calls === 0) removed.add(victim)
          deadlines.remove(victim)
          if (!act.adds) return
          added.push(new Item(1))
          deadlines.add(added.at(-1)!)
        }
        deadlines.add(items[i]!)
      }
      deadlines.sweep(1)
      for (const item of items) assert.equal(item.calls, removed.has(item) ? 0 : 1)
      deadlines.sweep(1)
      for (const item of added) assert.equal(item.calls, 1, 'at the latest in the next sweep')
    }),
  )
})

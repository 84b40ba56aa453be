/**
 * A thread that dies after any one of its writes: nobody gets more than if its request had never been, and in the end
 * nobody gets less than if it had been counted.
 *
 * The table's memory is wrapped here so that its n-th write never happens and the call ends there, for every n.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fingerprint } from '../../src/base/fingerprint.ts'
import { FixedWindows, WindowAsk } from '../../src/state/fixed-windows.ts'
import { KeyTable, makeKeyBuffer } from '../../src/state/key-table.ts'
import { Rates } from '../../src/state/rates.ts'
import { SlidingWindows } from '../../src/state/sliding-windows.ts'

const OWNER = 1
const CAP = 5
const NEVER = -1
const WHOLE = 1_000_000

class Death extends Error {}

/** How many writes are left to the thread. */
const life = { writes: WHOLE }
let hasDied = false

type Ask = (nowMs: number, text?: string) => boolean

const algorithms: Record<string, (table: KeyTable) => Ask> = {
  fixed(table) {
    const windows = new FixedWindows(table)
    const ask = new WindowAsk()
    ask.caps.set([CAP, CAP + 2])
    return (nowMs, text = 'key') => {
      ask.ids.set([Math.floor(nowMs / 1000), Math.floor(nowMs / 60_000)])
      ask.untilS = Math.floor(nowMs / 1000) + 100
      return windows.take(keyOf(text), ask, 1, Math.floor(nowMs / 1000)) < 0
    }
  },
  sliding(table) {
    const windows = new SlidingWindows(table)
    return (nowMs, text = 'key') => windows.take(keyOf(text), nowMs, 1000, CAP, 1) === 0
  },
  rate(table) {
    const rates = new Rates(table)
    return (nowMs, text = 'key') => rates.take(keyOf(text), nowMs, 200, CAP, 1) === 0
  },
}

const scenarios: readonly { says: string; before: readonly number[]; atMs: number }[] = [
  { says: 'first request of a key', before: [], atMs: 90_000 },
  { says: 'a second at the same time', before: [90_000], atMs: 90_000 },
  { says: 'one some parts later', before: [90_000, 90_000, 90_130, 90_400], atMs: 90_700 },
  { says: 'one in the next window', before: [90_000, 90_600, 90_700, 90_900], atMs: 91_100 },
  { says: 'one that ends a busy part', before: [90_000, 90_000, 90_000, 90_000, 90_900], atMs: 91_200 },
  { says: 'one a minute later', before: [90_000, 90_600, 90_600], atMs: 150_000 },
  { says: 'one after its slot expired', before: [90_000, 90_600, 90_600], atMs: 250_000 },
  { says: 'one that is refused', before: [90_000, 90_000, 90_000, 90_000, 90_000], atMs: 90_001 },
]

for (const [name, open] of Object.entries(algorithms)) {
  for (const { says, before, atMs } of scenarios) {
    test(`${name}: ${says}, and its thread dies of any write`, () => {
      const uncounted = admittedAfter(open, before, atMs, NEVER)
      const counted = admittedAfter(open, before, atMs, WHOLE)
      let writes = 0
      for (let found = counted; ; writes++) {
        found = admittedAfter(open, before, atMs, writes)
        if (!hasDied) break
        // One that is let in later may move what comes after it, so the least is asked of the end alone.
        const label = `write ${writes}: ${found}, not ${counted} to ${uncounted}`
        for (const [i, sum] of found.entries()) assert.ok(sum <= Math.max(counted[i]!, uncounted[i]!), label)
        assert.ok(found.at(-1)! >= Math.min(counted.at(-1)!, uncounted.at(-1)!), label)
      }
      assert.ok(writes >= 2)
    })
  }

  test(`${name}: a thread dies while it takes over another key's slot, and the new key has its own count`, () => {
    hasDied = true
    for (let writes = 0; hasDied; writes++) {
      const { table, ask } = makeTable(open)
      for (let i = 0; i < 32; i++) askAll(ask, 90_000, `key ${i}`)
      die(ask, 90_000, 'key', writes)
      table.forget(OWNER)
      const sum = askAll(ask, 90_000, 'key')
      assert.ok(sum === CAP || sum === CAP - 1, `write ${writes}: ${sum} for the new key`)
      for (const text of ['key 0', 'key 31']) assert.ok(askAll(ask, 90_000, text) <= CAP, text)
      assert.equal(table.entries, 32)
      assert.equal(table.forget(OWNER), 0)
    }
  })
}

/** What the others get after it, summed up over some times. */
function admittedAfter(
  open: (table: KeyTable) => Ask,
  before: readonly number[],
  atMs: number,
  writes: number,
): number[] {
  const { table, ask } = makeTable(open)
  for (const nowMs of before) ask(nowMs)
  if (writes !== NEVER) die(ask, atMs, 'key', writes)
  table.forget(OWNER)
  let sum = 0
  return [0, 1, 130, 400, 900, 1000, 1130, 2500, 70_000].map((passMs) => {
    sum += askAll(ask, atMs + passMs, 'key')
    return sum
  })
}

function die(ask: Ask, nowMs: number, text: string, writes: number): void {
  life.writes = writes
  hasDied = false
  try {
    ask(nowMs, text)
  } catch (error) {
    assert.ok(error instanceof Death)
    hasDied = true
  }
  life.writes = WHOLE
}

function askAll(ask: Ask, nowMs: number, text: string): number {
  let sum = 0
  while (sum < 100 && ask(nowMs, text)) sum++
  return sum
}

function makeTable(open: (table: KeyTable) => Ask): { table: KeyTable; ask: Ask } {
  life.writes = WHOLE
  const table = new KeyTable(makeKeyBuffer(32, 1, 2), OWNER)
  for (const name of ['words', 'doubles'] as const)
    Object.defineProperty(table, name, { value: makeMortal(table[name]) })
  return { table, ask: open(table) }
}

function makeMortal<Memory extends Int32Array | Float64Array>(memory: Memory): Memory {
  return new Proxy(memory, {
    get: (target, name) => Reflect.get(target, name, target),
    set(target, name, value) {
      if (life.writes-- <= 0) throw new Death()
      return Reflect.set(target, name, value, target)
    },
  })
}

function keyOf(text: string): Fingerprint {
  const key = new Fingerprint()
  key.setText(1, 2, text)
  return key
}

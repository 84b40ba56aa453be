/** What is told of the heap is what was allocated. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Allocation, allocationOf } from './allocation.ts'
import type { Case } from './bench.ts'

const TIMES = 5000
/** A map, properties, elements, and two fields of eight bytes each. */
const PAIR_BYTES = 40
/** A map and eight bytes. */
const DOUBLE_BYTES = 16
/** Of the figure. */
const OFF_MAX = 0.1

/** Where results are kept, so that no compiler can find that an object is never needed. */
const kept: unknown[] = new Array(8).fill(null)

/** Made by its constructor, it has one size in every stage of compilation. */
class Pair {
  readonly one: number
  readonly other: number

  constructor(one: number, other: number) {
    this.one = one
    this.other = other
  }
}

test('work that allocates nothing has 0 bytes', async () => {
  const words = new Int32Array(8)
  const result = await heapOf((i) => {
    words[i & 7] = (words[i & 7]! + i) | 0
  })
  assert.ok(result.heap < 0.01, `${result.heap} bytes`)
  assert.equal(result.outside, 0)
})

test('an object of two fields is told with its 40 bytes', async () => {
  const result = await heapOf((i) => {
    kept[i & 7] = new Pair(i, i)
  })
  assertNear(result.heap, PAIR_BYTES)
})

test('garbage counts like what is kept, and ten times as many objects are ten times the bytes', async () => {
  const result = await heapOf((i) => {
    for (let more = 0; more < 10; more++) kept[0] = new Pair(i, more)
  })
  assertNear(result.heap, 10 * PAIR_BYTES)
})

test('a fractional number is told where it is put on the heap', async () => {
  const result = await heapOf((i) => {
    kept[i & 7] = i + 0.5
  })
  assertNear(result.heap, DOUBLE_BYTES)
})

test("a buffer's own memory is told apart from the heap", async () => {
  const result = await heapOf((i) => {
    kept[i & 7] = Buffer.allocUnsafeSlow(4096)
  })
  assertNear(result.outside, 4096)
  assert.ok(result.heap < 1000, `${result.heap} bytes`)
})

test('what is awaited is counted with what it leaves', async () => {
  const run = async (times: number): Promise<number> => {
    for (let i = 0; i < times; i++) {
      await null
      kept[i & 7] = new Pair(i, i)
    }
    return times
  }
  const result = await allocationOf({ name: '', run }, TIMES)
  assert.ok(result !== null && result.heap > PAIR_BYTES, `${result?.heap} bytes`)
})

test('a run that is more than one operation is divided by them', async () => {
  const run = (times: number): number => {
    for (let i = 0; i < times * 4; i++) kept[i & 7] = new Pair(i, i)
    return times
  }
  const result = await allocationOf({ name: '', pack: 4, run }, TIMES)
  assertNear(result?.heap ?? 0, PAIR_BYTES)
})

test('work that can not be done without a collection has no figure', async () => {
  const one: Case = {
    name: '',
    run: (times) => {
      // Several times what the young generation holds, as soon as it is done at all.
      for (let i = 0; i < times * 1_000_000; i++) kept[i & 7] = new Pair(i, i)
      return times
    },
  }
  assert.equal(await allocationOf(one, TIMES), null)
})

async function heapOf(operation: (i: number) => void): Promise<Allocation> {
  const run = (times: number): number => {
    for (let i = 0; i < times; i++) operation(i)
    return times
  }
  const result = await allocationOf({ name: '', run }, TIMES)
  assert.ok(result !== null)
  return result
}

function assertNear(figure: number, wanted: number): void {
  assert.ok(Math.abs(figure - wanted) <= wanted * OFF_MAX, `${figure} bytes, not ${wanted}`)
}

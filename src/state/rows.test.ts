/** Rows against a map of who claimed what: a name has one row while anybody holds it, and a fresh one after that. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makePrivateRow, makeRowBuffer, Rows } from './rows.ts'
import { lock } from './spin-lock.ts'

const OWNERS = 3

function open(rows: number, width = 16): Rows[] {
  const buffer = makeRowBuffer({ rows, width, owners: OWNERS, seedA: 11, seedB: 22 })
  return Array.from({ length: OWNERS }, (_, owner) => new Rows(buffer, owner))
}

test('threads that claim the same name get the same row, and another name gets another', () => {
  const [primary, one, two] = open(8)
  const at = one!.claim(5, 7)
  assert.equal(two!.claim(5, 7), at)
  assert.equal(primary!.claim(5, 7), at)
  assert.notEqual(two!.claim(5, 8), at)
  assert.notEqual(two!.claim(-5, 7), at)
  assert.equal(primary!.taken, 3)
  assert.deepEqual([one!.seedA, one!.seedB, one!.count, one!.owners], [11, 22, 8, OWNERS])
})

test('what a row holds survives while anybody holds it, and no longer', () => {
  const [, one, two] = open(1)
  const at = one!.claim(1, 1)
  one!.words[at + 15] = 99
  assert.equal(two!.claim(1, 1), at)
  one!.release(at)
  assert.equal(two!.words[at + 15], 99)
  two!.release(at)
  assert.equal(one!.claim(1, 1), at)
  assert.equal(one!.words[at + 15], 0)
})

test('a claim that was counted twice is given back twice, and a release too many takes from nobody', () => {
  const [, one, two] = open(1)
  const at = one!.claim(1, 1)
  one!.claim(1, 1)
  two!.release(at)
  one!.release(at)
  assert.equal(two!.claim(2, 2), -1)
  one!.release(at)
  one!.release(at)
  assert.equal(two!.claim(2, 2), at)
})

test('when all rows are taken the caller gets a row of its own, and that is counted', () => {
  const [, one, two] = open(1, 20)
  one!.claim(1, 1)
  assert.equal(two!.claim(2, 2), -1)
  const row = two!.privateRow()
  assert.equal(row.words.length, 32)
  assert.equal(row.doubles.length, 16)
  assert.equal(Atomics.add(row.words, row.at, 1), 0)
  assert.equal(one!.unshared, 1)
  assert.equal(makePrivateRow(16).words[0], 0)
})

test('rows lie on lines of 64 bytes and do not overlap, whatever the number of owners', () => {
  for (const owners of [1, 2, 5, 65, 257]) {
    const rows = new Rows(makeRowBuffer({ rows: 3, width: 17, owners, seedA: 0, seedB: 0 }), 0)
    assert.equal(rows.width, 32)
    for (let row = 0; row < 3; row++) assert.equal(rows.at(row) % 16, 0)
    assert.equal(rows.at(2) + rows.width, rows.words.length)
    const ats = [1, 2, 3].map((key) => rows.claim(key, 0))
    for (const at of ats) rows.words.fill(7, at, at + rows.width)
    for (const [i, at] of ats.entries()) assert.equal(rows.claim(i + 1, 0), at)
  }
})

test('a worker that dies while it holds the lock stops nobody', () => {
  const [primary, , two] = open(2)
  lock(two!.words, 0, 3)
  primary!.forget(2)
  assert.notEqual(primary!.claim(1, 1), -1)
})

type Step = { kind: 'claim' | 'release' | 'forget'; owner: number; key: number }
const steps = fc.array(
  fc.record({
    kind: fc.constantFrom<Step['kind']>('claim', 'claim', 'claim', 'release', 'release', 'forget'),
    owner: fc.nat(OWNERS - 1),
    key: fc.nat(6),
  }),
  { maxLength: 120 },
)

test('any order of claims, releases and deaths leaves every name with one row, and every row with one name', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 5 }), (list, count) => {
      const threads = open(count)
      const model = new Model(count)
      for (const step of list) play(threads, model, step)
    }),
    { numRuns: 400 },
  )
})

/** Names of few different first places, so that they stand in each other's way. */
const nameOf = (key: number): [number, number] => [key % 2, key]

function play(threads: Rows[], model: Model, step: Step): void {
  const rows = threads[step.owner]!
  if (step.kind === 'claim') {
    const at = rows.claim(...nameOf(step.key))
    const wasHeld = model.places.has(step.key)
    if (!model.claim(step.owner, step.key, at)) assert.equal(at, -1)
    else {
      assert.equal(at, model.places.get(step.key))
      assert.equal(rows.words[at], wasHeld ? step.key + 1 : 0)
      rows.words[at] = step.key + 1
    }
  } else if (step.kind === 'release') {
    const at = model.places.get(step.key)
    if (at !== undefined) rows.release(at)
    model.release(step.owner, step.key)
  } else {
    threads[0]!.forget(step.owner)
    model.forget(step.owner)
  }
  assert.equal(rows.taken, model.places.size)
  assert.equal(new Set(model.places.values()).size, model.places.size)
}

class Model {
  readonly #count: number
  readonly #claims = new Map<string, number>()
  readonly places = new Map<number, number>()

  constructor(count: number) {
    this.#count = count
  }

  claim(owner: number, key: number, at: number): boolean {
    if (!this.places.has(key)) {
      if (this.places.size === this.#count) return false
      this.places.set(key, at)
    }
    this.#claims.set(`${owner} ${key}`, (this.#claims.get(`${owner} ${key}`) ?? 0) + 1)
    return true
  }

  release(owner: number, key: number): void {
    const held = this.#claims.get(`${owner} ${key}`) ?? 0
    if (held > 1) this.#claims.set(`${owner} ${key}`, held - 1)
    else this.#claims.delete(`${owner} ${key}`)
    this.#drop()
  }

  forget(owner: number): void {
    for (const name of [...this.#claims.keys()]) if (name.startsWith(`${owner} `)) this.#claims.delete(name)
    this.#drop()
  }

  #drop(): void {
    const held = new Set([...this.#claims.keys()].map((name) => Number(name.split(' ')[1])))
    for (const key of [...this.places.keys()]) if (!held.has(key)) this.places.delete(key)
  }
}

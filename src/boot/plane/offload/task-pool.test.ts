/** Threads for costly work: what is done there, what is refused, and that nothing is left behind. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeScrypt } from '../../../plugins/basic-auth/check-scrypt.ts'
import { parseScrypt } from '../../../plugins/basic-auth/scrypt-hash.ts'
import { TASKS_MAX, TaskPool, type Threads } from './task-pool.ts'

const BESIDE = new URL('../../../plugins/basic-auth/basic-auth.js', import.meta.url).href

test('a task of a plugin’s folder is done in a thread, and answers', async () => {
  const pool = new TaskPool()
  try {
    const known = parseScrypt(
      makeScrypt(Buffer.from('a'), (count) => Buffer.alloc(count, 1), { ln: 2, r: 1, p: 1 }),
    )
    const task = pool.task<object, boolean>(BESIDE, 'check-scrypt')
    const ask = (password: string) =>
      new Promise((resolve) => {
        assert.ok(
          task.run({ password: Uint8Array.from(Buffer.from(password)), known }, (...said) => resolve(said)),
        )
      })
    assert.deepEqual(await ask('a'), [true, ''])
    assert.deepEqual(await ask('b'), [false, ''])
    assert.equal(pool.underWay, 0)
  } finally {
    pool.close()
  }
})

test('a task that is not there, or throws, says so and holds nothing up', async () => {
  const pool = new TaskPool()
  try {
    const ask = (name: string) =>
      new Promise<unknown[]>((resolve) => {
        assert.ok(pool.task(BESIDE, name).run({}, (...said) => resolve(said)))
      })
    const [output, problem] = await ask('no-such-task')
    assert.equal(output, null)
    assert.match(String(problem), /no-such-task/)
    assert.equal((await ask('check-scrypt'))[0], null)
    assert.equal(pool.underWay, 0)
  } finally {
    pool.close()
  }
})

test('no thread is opened before there is work, more than its limit is refused at once, and there is room again', async () => {
  const threads = new HeldThreads()
  const pool = new TaskPool(threads.open)
  const task = pool.task<number, number>(BESIDE, 'any-task')
  assert.equal(threads.opened, 0)
  const answers: (number | null)[] = []
  const settled = Array.from({ length: TASKS_MAX }, (_, i) => {
    return new Promise<void>((resolve) => {
      const isTaken = task.run(i, (output) => {
        answers.push(output)
        resolve()
      })
      assert.ok(isTaken)
    })
  })
  assert.equal(
    task.run(99, () => assert.fail('it was refused')),
    false,
  )
  await threads.answerAll(TASKS_MAX)
  await Promise.all(settled)
  assert.deepEqual([threads.opened, answers.length], [1, TASKS_MAX])
  assert.deepEqual([...new Set(threads.names)], ['anyTask'])
  assert.ok(task.run(1, () => {}))
})

test('once it is closed nothing is taken, and what was under way is not answered', async () => {
  const threads = new HeldThreads()
  const pool = new TaskPool(threads.open)
  const task = pool.task(BESIDE, 'any-task')
  assert.ok(task.run(1, () => assert.fail('nobody is there')))
  pool.close()
  pool.close()
  assert.equal(
    task.run(2, () => {}),
    false,
  )
  await threads.destroyed
})

/** Threads that answer when they are told to, with what they were asked. */
class HeldThreads {
  opened = 0
  readonly names: string[] = []
  readonly open: () => Promise<Threads>
  readonly destroyed: Promise<void>
  #onDestroyed: () => void = () => {}
  readonly #held: { resolve: () => void; reject: (cause: Error) => void }[] = []
  #onHeld: () => void = () => {}

  constructor() {
    this.destroyed = new Promise((resolve) => {
      this.#onDestroyed = resolve
    })
    this.open = async () => {
      this.opened++
      return { run: (input, { name }) => this.#run(input, name), destroy: async () => this.#destroy() }
    }
  }

  async answerAll(count: number): Promise<void> {
    while (this.#held.length < count)
      await new Promise<void>((resolve) => {
        this.#onHeld = resolve
      })
    for (const each of this.#held.splice(0)) each.resolve()
  }

  #run(input: unknown, name: string): Promise<unknown> {
    this.names.push(name)
    return new Promise((resolve, reject) => {
      this.#held.push({ resolve: () => resolve(input), reject })
      this.#onHeld()
    })
  }

  #destroy(): void {
    for (const each of this.#held.splice(0)) each.reject(new Error('destroyed'))
    this.#onDestroyed()
  }
}

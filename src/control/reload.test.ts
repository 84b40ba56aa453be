/** One configuration after another, and never two at once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Config } from '../config/model.ts'
import { type Checked, Reloader } from './reload.ts'

/** Only the hash matters to the reloader. */
function config(hash: string): Config {
  const none = { services: [], routes: [], upstreams: [], targets: [], consumers: [], plugins: [] }
  return { hash, ...none, certificates: [], snis: [], ca_certificates: [], others: {} }
}

class World {
  text: Checked | Error = { config: config('b'), errors: [], warnings: [] }
  refusals: string[] = []
  reads = 0
  readonly published: [string, number][] = []
  readonly said: string[] = []
  gate: Promise<void> = Promise.resolve()
  readonly reloader = new Reloader(
    {
      read: async () => {
        this.reads++
        await this.gate
        if (this.text instanceof Error) throw this.text
        return this.text
      },
      publish: async ({ hash }, epoch) => {
        this.published.push([hash, epoch])
        return hash === 'a' ? [] : this.refusals
      },
      log: (level, message) => this.said.push(`${level}: ${message}`),
    },
    config('a'),
  )
}

test('a new configuration reaches the workers under the next epoch', async () => {
  const world = new World()
  assert.equal(await world.reloader.request('test'), 'taken')
  assert.deepEqual(world.published, [['b', 2]])
  assert.equal(world.reloader.config.hash, 'b')
  assert.equal(world.reloader.taken, 1)
})

test('a refused one reaches nobody, and every reason is said', async () => {
  const world = new World()
  world.text = { config: null, errors: ['kong.yml:1:1: one', 'kong.yml:2:2: two'], warnings: [] }
  assert.equal(await world.reloader.request('test'), 'refused')
  assert.deepEqual(world.published, [])
  assert.equal(world.reloader.config.hash, 'a')
  assert.deepEqual(world.said.slice(0, 2), ['error: kong.yml:1:1: one', 'error: kong.yml:2:2: two'])
  assert.equal(world.reloader.refused, 1)
})

test('a source that can not be read is a refusal, not the end', async () => {
  const world = new World()
  world.text = new Error('gone')
  assert.equal(await world.reloader.request('test'), 'refused')
  assert.ok(world.said.includes('error: gone'))
})

test('what one worker refuses is taken back from all', async () => {
  const world = new World()
  world.refusals = ['worker 2: no']
  assert.equal(await world.reloader.request('test'), 'refused')
  assert.deepEqual(world.published, [
    ['b', 2],
    ['a', 3],
  ])
  assert.equal(world.reloader.config.hash, 'a')
  assert.equal(world.reloader.epoch, 3)
})

test('requests during a reload share the one that follows it', async () => {
  const world = new World()
  let open: () => void = () => {}
  world.gate = new Promise((resolve) => {
    open = resolve
  })
  const outcomes = Array.from({ length: 10 }, () => world.reloader.request('burst'))
  open()
  assert.deepEqual(new Set(await Promise.all(outcomes)), new Set(['taken']))
  assert.equal(world.reads, 2)
  assert.equal(await world.reloader.request('later'), 'taken')
  assert.equal(world.reads, 3)
})

test('a file that was touched and not changed is no reload, unless somebody asked for one meanwhile', async () => {
  const world = new World()
  await world.reloader.request('first')
  assert.equal(await world.reloader.request('watch', true), 'unchanged')
  assert.equal(world.published.length, 1)
  const both = [
    world.reloader.request('watch', true),
    world.reloader.request('watch', true),
    world.reloader.request('SIGHUP'),
  ]
  assert.deepEqual(await Promise.all(both), ['unchanged', 'taken', 'taken'])
})

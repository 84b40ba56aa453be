/** When probes are due: spread over the interval at first, and never far from it afterwards. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeTimers } from '../../../test/kit/fake-timers.ts'
import { Rhythm } from './rhythm.ts'

function start(random: () => number, task = () => Promise.resolve(), dueMs = Number.NaN) {
  const timers = new FakeTimers()
  const beats: number[] = []
  const tools = {
    now: () => timers.now(),
    later: (ms: number, call: () => void) => timers.later(ms, call),
    random,
  }
  const beat = () => {
    beats.push(timers.now())
    return task()
  }
  return { timers, beats, rhythm: new Rhythm(1000, beat, tools, dueMs) }
}

test('the first call comes at any moment of the interval, so that machines started together do not beat together', async () => {
  const firsts: (number | undefined)[] = []
  for (const chance of [0, 0.25, 0.999]) {
    const { timers, beats } = start(() => chance)
    await timers.pass(1000)
    firsts.push(beats[0])
  }
  assert.deepEqual(firsts, [0, 250, 999])
})

test('each further pause is the interval give or take a tenth, drawn anew', async () => {
  let drawn = 0
  const draws = [0, 0, 0.5, 1, 0]
  const { timers, beats } = start(() => draws[drawn++] ?? 0.5)
  await timers.pass(4001)
  assert.deepEqual(beats, [0, 900, 1900, 3000, 3900])
})

test('over a thousand pauses none leaves the tenth, and they are not all alike', async () => {
  let seed = 1
  const lehmer = () => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed / 2_147_483_647
  }
  const { timers, beats } = start(lehmer)
  await timers.pass(1_000_000)
  const pauses = beats.slice(1).map((at, i) => at - beats[i]!)
  assert.ok(pauses.length > 900)
  assert.ok(Math.min(...pauses) >= 900 && Math.max(...pauses) <= 1100)
  assert.ok(Math.min(...pauses) < 920 && Math.max(...pauses) > 1080)
})

test('a task that outlasts its interval is not called twice at once, and again as soon as it is over', async () => {
  let end = () => {}
  const task = () => new Promise<void>((resolve) => (end = resolve))
  const { timers, beats } = start(() => 0.5, task)
  await timers.pass(2600)
  assert.deepEqual(beats, [500])
  end()
  await new Promise((resolve) => setImmediate(resolve))
  await timers.pass(1)
  assert.deepEqual(beats, [500, 2600])
})

test('a task that fails is called again', async () => {
  const { timers, beats } = start(
    () => 0.5,
    () => Promise.reject(new Error('once')),
  )
  await timers.pass(1600)
  assert.deepEqual(beats, [500, 1500])
})

test('a rhythm that follows another keeps its next call, or reloads could put it off for ever', async () => {
  const { timers, beats } = start(() => 0.9, undefined, 200)
  await timers.pass(300)
  assert.deepEqual(beats, [200])
})

test('a rhythm shorter than the one it follows does not wait for it', async () => {
  const { timers, beats } = start(() => 0.5, undefined, 60_000)
  await timers.pass(1100)
  assert.deepEqual(beats, [1100])
})

test('a stopped rhythm calls nobody, also when its task was under way', async () => {
  const first = start(() => 0.5)
  first.rhythm.stop()
  assert.equal(first.timers.waiting, 0)
  const second = start(() => 0)
  await second.timers.pass(10)
  second.rhythm.stop()
  await second.timers.pass(5000)
  assert.deepEqual(second.beats, [0])
})

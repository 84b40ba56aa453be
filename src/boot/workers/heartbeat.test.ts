/** When a worker counts as held up, when as stuck, and what is told of what it runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Heartbeat, HeartbeatWatch, LOOK_MS, makeBeatBuffer, SLOW_MS } from './heartbeat.ts'

const LIMIT_MS = 5000

function open(limitMs = LIMIT_MS) {
  const buffer = makeBeatBuffer(2)
  const told: string[] = []
  const events = {
    slow: (id: number, ms: number, mark: number) => void told.push(`slow ${id} ${ms} ${mark}`),
    stuck: (id: number, ms: number, mark: number) => void told.push(`stuck ${id} ${ms} ${mark}`),
  }
  const watch = new HeartbeatWatch(buffer, limitMs, events)
  let nowMs = 1000
  const hearts = [new Heartbeat(buffer, 1), new Heartbeat(buffer, 2)] as const
  /** Looks for so long; worker 1 beats all the time, worker 2 if told to. */
  const pass = (ms: number, beats: boolean, ready: readonly number[] = [1, 2]) => {
    for (const end = nowMs + ms; nowMs < end; ) {
      nowMs += LOOK_MS
      hearts[0].beat()
      if (beats) hearts[1].beat()
      watch.look(nowMs, ready)
    }
  }
  const sleep = (ms: number) => {
    nowMs += ms
  }
  return { told, hearts, pass, sleep }
}

test('workers that beat are no news', () => {
  const { told, pass } = open()
  pass(60_000, true)
  assert.deepEqual(told, [])
})

test('one that stood still and goes on is told of once, with the step that was seen to run', () => {
  const { told, pass, hearts } = open()
  pass(LOOK_MS, true)
  hearts[1].running[0] = 77
  pass(SLOW_MS, false)
  hearts[1].running[0] = 0
  pass(1000, true)
  assert.deepEqual(told, [`slow 2 ${SLOW_MS + LOOK_MS} 77`])
})

test('one that stands still for the limit is stuck, which is told once', () => {
  const { told, pass, hearts } = open()
  pass(LOOK_MS, true)
  hearts[1].running[0] = 77
  pass(LIMIT_MS * 3, false)
  assert.deepEqual(told, [`stuck 2 ${LIMIT_MS} 77`])
})

test('without a limit none is stuck', () => {
  const { told, pass } = open(0)
  pass(600_000, false)
  assert.deepEqual(told, [])
})

test('one that starts, drains or is gone need not beat', () => {
  const { told, pass } = open()
  pass(LOOK_MS, true)
  pass(LIMIT_MS * 2, false, [1])
  pass(LIMIT_MS - LOOK_MS, false)
  assert.deepEqual(told, [])
})

test('where the primary itself was held up, or the machine slept, nobody is blamed', () => {
  const { told, pass, sleep } = open()
  pass(LIMIT_MS - LOOK_MS, false)
  sleep(3_600_000)
  pass(LIMIT_MS - LOOK_MS, false)
  assert.deepEqual(told, [])
})

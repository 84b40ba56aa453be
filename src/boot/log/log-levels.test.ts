/** The level of the operator log: changed for a while or for good, and only to what there is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LogLevels } from './log-levels.ts'

function makeLevels(): { levels: LogLevels; changes: string[] } {
  const changes: string[] = []
  const levels = new LogLevels('notice', (now, before) => changes.push(`${before} to ${now}`))
  return { levels, changes }
}

test('a level is changed at once, and a second time to the same is no change', () => {
  const { levels, changes } = makeLevels()
  assert.ok(levels.set('debug', 0))
  assert.ok(levels.set('debug', 0))
  assert.deepEqual(levels.show(), { level: 'debug', configured: 'notice', seconds: 0 })
  assert.deepEqual(changes, ['notice to debug'])
})

test('with a time it goes back to LOG_LEVEL by itself', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { levels, changes } = makeLevels()
  levels.set('debug', 60)
  assert.equal(levels.show().seconds, 60)
  t.mock.timers.tick(59_999)
  assert.equal(levels.level, 'debug')
  t.mock.timers.tick(1)
  assert.deepEqual(levels.show(), { level: 'notice', configured: 'notice', seconds: 0 })
  assert.deepEqual(changes, ['notice to debug', 'debug to notice'])
})

test('a later change calls off the way back of an earlier one', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { levels } = makeLevels()
  levels.set('debug', 60)
  levels.set('info', 0)
  t.mock.timers.tick(120_000)
  assert.equal(levels.level, 'info')
})

test('a level nobody knows changes nothing', () => {
  const { levels, changes } = makeLevels()
  for (const level of ['', 'verbose', 'toString', 'DEBUG']) assert.equal(levels.set(level, 0), false)
  assert.deepEqual([levels.level, changes], ['notice', []])
})

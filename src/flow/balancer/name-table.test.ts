/** A worker's copy of DNS answers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answersOf } from '../../../test/kit/balancer-rig.ts'
import { NameTable } from './name-table.ts'

test('a name is unknown, then known, whatever the case it is written in', () => {
  const names = new NameTable()
  assert.equal(names.get('a.test'), undefined)
  names.update('A.test', answersOf('10.0.0.1'))
  assert.deepEqual(names.get('a.TEST'), answersOf('10.0.0.1'))
  names.update('a.test', [])
  assert.deepEqual(names.get('a.test'), [])
  names.update('a.test', null)
  assert.equal(names.get('a.test'), undefined)
})

test('every watcher of a name hears of its changes until it stops', () => {
  const names = new NameTable()
  let calls = 0
  const count = () => {
    calls++
  }
  const stop = names.watch('a.test', count)
  const stopToo = names.watch('a.test', count)
  names.update('a.test', [])
  assert.equal(calls, 2)
  names.update('b.test', [])
  assert.equal(calls, 2)
  stop()
  names.update('a.test', [])
  assert.equal(calls, 3)
  stopToo()
  names.update('a.test', [])
  assert.equal(calls, 3)
})

/** The measure of idle connections asks for no more than the machine has. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filesNeeded } from '../../src/config/env/env-read.ts'
import { fittingConnections, sourcesFor } from './idle-limits.ts'

test('the gateway may open the files of all connections and the one of the probe', () => {
  for (const workers of [1, 2, 4]) {
    const most = fittingConnections(20_000, workers)
    assert.ok(filesNeeded({ workers, connectionsMax: most + 1 }) <= 20_000)
    assert.ok(filesNeeded({ workers, connectionsMax: most + 2 }) > 20_000)
  }
  assert.equal(fittingConnections(200, 1), 0)
  assert.ok(fittingConnections(0, 1) > 1_000_000)
})

test('100,000 connections come from as many addresses as four fifths of the ports ask for', () => {
  assert.deepEqual(sourcesFor(10, [32_768, 60_999]), ['127.0.1.1'])
  assert.deepEqual(sourcesFor(100_000, [32_768, 60_999]), [
    '127.0.1.1',
    '127.0.1.2',
    '127.0.1.3',
    '127.0.1.4',
    '127.0.1.5',
  ])
  assert.equal(new Set(sourcesFor(1000, [1, 1])).size, 1000)
  assert.ok(sourcesFor(1000, [1, 1]).every((address) => Number(address.split('.')[3]) < 255))
})

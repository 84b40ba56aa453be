/** How the sinks of the log thread end. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { FigureBook } from './figures.ts'
import { SinkSet } from './sink-set.ts'

test('a stop does not wait for a sink that is on its way out, and counts what it had', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-sinks-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(
    join(folder, 'never-closes.mjs'),
    'export const neverCloses = () => ({ waiting: 7, write() {}, close: () => new Promise(() => {}) })',
  )
  const book = new FigureBook()
  const sinks = new SinkSet(book, {
    nodeId: 'n',
    hostname: 'h',
    version: '0',
    trusted: [],
    entity: () => null,
    now: () => 0,
    log: () => {},
  })
  const from = pathToFileURL(join(folder, 'plugin.mjs')).href
  const sink = sinks.use({ from, name: 'never-closes', settings: {} })
  await sink.loaded
  sinks.unuse(sink)
  await sinks.close(1)
  sinks.countWaiting()
  assert.deepEqual([sink.figures.lost, sink.figures.waiting], [{ closed: 7 }, 0])
})

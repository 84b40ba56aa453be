/** Access lines: all that were put are in the file when it says so. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Counters } from '../../state/counters.ts'
import { makeSharedBuffers, TRIAL_SIZES } from '../plane/shared-memory.ts'
import { MessageLog } from './worker-log.ts'

test('a worker that waits for its lines before it ends has lost none, of this turn or of the one being written', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-log-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const accessPlace = join(folder, 'access.log')
  const counters = new Counters(makeSharedBuffers(TRIAL_SIZES).counters, 0)
  const log = new MessageLog({ post: () => {}, now: () => 0, counters, accessPlace })
  await log.written()
  put(log, 'one\n')
  await new Promise((resolve) => setImmediate(resolve))
  put(log, 'two\n')
  await log.written()
  assert.equal(readFileSync(accessPlace, 'utf8'), 'one\ntwo\n')
})

test('while the access log is off there is nowhere to put a line, and nothing to wait for', async () => {
  const counters = new Counters(makeSharedBuffers(TRIAL_SIZES).counters, 0)
  const log = new MessageLog({ post: () => {}, now: () => 0, counters, accessPlace: '' })
  assert.equal(log.access, null)
  await log.written()
})

function put(log: MessageLog, line: string): void {
  log.access?.openLine().putLatin1(line)
  log.access?.closeLine()
}

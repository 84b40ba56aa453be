/** No change of the file is missed, whatever else happens around it. */
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { until } from '../../test/kit/command.ts'
import { stampOf, watchFile } from './watch.ts'

/** A folder with a file `a`; `told` counts the changes the watch has told of. */
function place(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-watch-'))
  const file = join(folder, 'a')
  writeFileSync(file, 'one')
  const told = { count: 0 }
  const open = (stamp: string) => {
    const changed = () => {
      told.count++
    }
    const close = watchFile({ file, stamp, changed, failed: (cause) => assert.fail(cause) })
    t.after(() => {
      close()
      rmSync(folder, { recursive: true })
    })
  }
  return { folder, file, told, open }
}

test('a file that changed between its reading and the watch is told of', async (t) => {
  const { file, told, open } = place(t)
  const stamp = stampOf(file)
  writeFileSync(file, 'longer')
  open(stamp)
  await until('the change', () => told.count === 1)
})

test('a link that is swapped for another, as Kubernetes does, is a change', async (t) => {
  const { folder, file, told, open } = place(t)
  writeFileSync(join(folder, 'b'), 'two')
  open(stampOf(file))
  symlinkSync(join(folder, 'b'), join(folder, 'new'))
  renameSync(join(folder, 'new'), file)
  await until('the change', () => told.count === 1)
})

test('a file that can no longer be looked at is a change, and so is its return; the watch lives on', async (t) => {
  const { folder, file, told, open } = place(t)
  open(stampOf(file))
  // In a ring of links even root finds nothing.
  symlinkSync(file, join(folder, 'ring'))
  renameSync(join(folder, 'ring'), file)
  await until('the loss', () => told.count === 1)
  writeFileSync(join(folder, 'new'), 'back')
  renameSync(join(folder, 'new'), file)
  await until('the return', () => told.count === 2)
})

test('a stamp is had of whatever stands there', (t) => {
  const { folder, file } = place(t)
  assert.equal(stampOf(join(folder, 'nothing')), '')
  assert.equal(stampOf(join(file, 'within')), 'unreadable ENOTDIR')
  rmSync(folder, { recursive: true })
})

test('a log that is written all the time beside the file neither counts as a change nor hides one', async (t) => {
  const { folder, file, told, open } = place(t)
  open(stampOf(file))
  const writing = setInterval(() => appendFileSync(join(folder, 'log'), 'line\n'), 20)
  t.after(() => clearInterval(writing))
  writeFileSync(file, 'longer')
  await until('the change', () => told.count === 1)
  writeFileSync(file, 'longest of all')
  await until('the next change', () => told.count === 2)
})

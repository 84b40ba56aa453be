/** The machine of a result is the one that the process may use. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { packageRoot, readVersion } from '../../src/boot/machine.ts'
import { quotaOf, readCommit, readMachine, usableCores, usableMemory } from './machine.ts'

test('a container that may use one and a half cores of eight has two', () => {
  assert.equal(usableCores(8, quotaOf('150000 100000\n')), 2)
  assert.equal(usableCores(8, quotaOf('20000 100000\n')), 1)
})

test('without a bound of time the cores are those that the process may run on', () => {
  assert.equal(usableCores(8, quotaOf('max 100000\n')), 8)
  assert.equal(usableCores(8, quotaOf('')), 8)
})

test('memory is what a container may use, where that is less than the machine has', () => {
  assert.equal(usableMemory(16_000, 512), 512)
  assert.equal(usableMemory(16_000, 2 ** 64), 16_000)
  assert.equal(usableMemory(16_000, 0), 16_000)
})

test('a folder of no checkout has the version for its commit', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-machine-'))
  t.after(() => rmSync(folder, { recursive: true }))
  assert.equal(readCommit(folder), `v${readVersion()}`)
})

test("a folder within somebody else's checkout is not given their commit", (t) => {
  const folder = join(packageRoot(), '.build')
  mkdirSync(folder, { recursive: true })
  const inner = mkdtempSync(join(folder, 'machine-'))
  t.after(() => rmSync(inner, { recursive: true }))
  assert.equal(readCommit(inner), `v${readVersion()}`)
})

test('a machine has a name, cores, memory, and Node', () => {
  const machine = readMachine()
  assert.notEqual(machine.cpu, '')
  assert.ok(machine.cores >= 1)
  assert.ok(machine.memoryMb > 0 && machine.memoryMb < 2 ** 40)
  assert.equal(machine.node, process.version)
  assert.notEqual(machine.commit, '')
})

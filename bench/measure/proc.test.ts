/** What /proc says of a tree while its processes come and go. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { cpuUs, killTree, memoryKb, tree } from './proc.ts'

const isLinux = process.platform === 'linux'
/** Above the most that Linux gives out (2^22). */
const GONE = 2 ** 22 + 1

test('a process that has ended since it was listed counts nothing', { skip: !isLinux }, () => {
  assert.ok(cpuUs(process.pid, [process.pid, GONE]) > 0)
  assert.ok(memoryKb(process.pid, [process.pid, GONE]).steadyKb > 0)
})

test('figures of a tree whose root has ended are an error and not 0', { skip: !isLinux }, () => {
  assert.throws(() => cpuUs(GONE), /has ended/)
  assert.throws(() => memoryKb(GONE), /has ended/)
})

test('a tree is killed with what its root has started', { skip: !isLinux }, async () => {
  const child = spawn('sh', ['-c', 'sleep 300 & echo up; wait'], { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(child.stdout, 'data')
  const pids = tree(child.pid!)
  assert.equal(pids.length, 2)
  const closed = once(child, 'close') // when the last of the tree lets go of the output
  killTree(child.pid!)
  await closed
  assert.equal(child.signalCode, 'SIGKILL')
})

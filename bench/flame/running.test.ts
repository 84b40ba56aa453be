/** A process that runs is profiled thread by thread, and its inspector is closed again. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { until } from '../../test/kit/command.ts'
import { portsOf } from './open-inspector.ts'
import { profileRunning } from './running.ts'

const isLinux = process.platform === 'linux'

const BUSY = `
const { Worker, isMainThread } = require('node:worker_threads')
new Worker('function spin() { for (let i = 0; i < 1e6; i++) spin.at = i; setImmediate(spin) }; spin()', {
  eval: true, name: 'spinner' })
setInterval(() => {}, 1000)
console.log('up')`

async function start(program: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--inspect-port=0', '-e', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await once(child.stdout!, 'data')
  return child
}

test('a worker is profiled while it runs, and no port stays open', { skip: !isLinux }, async (t) => {
  const child = await start(BUSY)
  t.after(() => child.kill('SIGKILL'))
  for (const round of [1, 2]) {
    const profiles = await profileRunning(child.pid!, '', { seconds: 0.5, intervalUs: 500 })
    assert.equal(profiles.length, 1, `round ${round}`)
    const names = profiles[0]!.profile.nodes.map(({ callFrame }) => callFrame.functionName)
    assert.ok(names.includes('spin'), names.join())
    assert.deepEqual(portsOf(child.pid!), [])
  }
  assert.equal(child.exitCode, null)
})

test('an interrupt while the inspector opens leaves no port open', { skip: !isLinux }, async (t) => {
  const child = await start(BUSY)
  t.after(() => child.kill('SIGKILL'))
  const program = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url))
  const flame = spawn(process.execPath, [program, '--pid', String(child.pid), '--seconds', '60'], {
    stdio: 'ignore',
  })
  const ended = once(flame, 'exit')
  await until('the inspector is open', () => portsOf(child.pid!).length > 0)
  flame.kill('SIGTERM')
  assert.deepEqual(await ended, [143, null])
  assert.deepEqual(portsOf(child.pid!), [])
  assert.equal(child.exitCode, null)
})

test('a process that is not Node is left alone', { skip: !isLinux }, async (t) => {
  const child = spawn('sleep', ['60'])
  t.after(() => child.kill('SIGKILL'))
  await once(child, 'spawn')
  const profiling = profileRunning(child.pid!, '', { seconds: 1, intervalUs: 500 })
  await assert.rejects(profiling, /not Node/)
  assert.equal(child.exitCode, null)
})

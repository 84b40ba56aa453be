/** Nothing that the bench has started or written outlives it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { test } from 'node:test'

const isLinux = process.platform === 'linux'
const END = extname(import.meta.url)
const beside = (name: string): string => JSON.stringify(new URL(`./${name}${END}`, import.meta.url).href)

/** A folder, and a child with a child of its own, as nginx has. */
const PROGRAM = `
import { onEnding, ownFolder } from ${beside('ending')}
import { Child } from ${beside('run-child')}
const { path } = ownFolder('sluice-ending-')
const command = ['sh', '-c', 'sleep 300 & echo $$ $!; wait']
onEnding(() => { throw new Error('the others go on') })
if (process.argv[1] === 'slow')
  onEnding(() => new Promise((resolve) => setTimeout(() => { console.log('closed'); resolve() }, 50)))
const onOutput = (text) => console.log(JSON.stringify({ path, pids: text.trim().split(' ').map(Number) }))
new Child({ command, cores: [], onOutput })
setInterval(() => {}, 1000)`

interface Left {
  readonly path: string
  readonly pids: readonly number[]
}

async function run(word: string) {
  const program = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, word], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  program.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  await once(program.stdout, 'data')
  const left = JSON.parse(out) as Left // the program's own
  assert.equal(left.pids.length, 2)
  assert.ok(existsSync(left.path) && left.pids.every(isAlive))
  return { program, left, said: () => out }
}

/** One whose end nobody has looked at is there, as a zombie: its parent is gone as well. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}

async function gone({ pids }: Left): Promise<void> {
  const last = performance.now() + 10_000
  while (pids.some(isAlive) && performance.now() < last)
    await new Promise((resolve) => setTimeout(resolve, 10))
  assert.deepEqual(pids.filter(isAlive), [])
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  test(`${signal} takes folders and children along`, { skip: !isLinux }, async () => {
    const { program, left } = await run('')
    program.kill(signal)
    assert.deepEqual(await once(program, 'close'), [code, null])
    assert.equal(existsSync(left.path), false)
    await gone(left)
  })

test('what takes time to close is waited for', { skip: !isLinux }, async () => {
  const { program, left, said } = await run('slow')
  program.kill('SIGTERM')
  assert.deepEqual(await once(program, 'close'), [143, null])
  assert.match(said(), /closed/)
  assert.equal(existsSync(left.path), false)
})

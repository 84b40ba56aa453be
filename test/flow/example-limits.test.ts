/**
 * examples/limits: what its README tells a reader to type gives what the README says.
 *
 * NEEDS redis-server, redis-cli, curl
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { packageRoot } from '../../src/boot/machine.ts'
import { freePort } from '../kit/ports.ts'

const EXAMPLE = join(packageRoot(), 'examples/limits')
/** Every port the example names; each stands for a free one here. */
const PORTS = ['6390', '8100', '8200', '8107', '8207', '9111', '9112', '9113', '9114']
const READY_MS = 30_000

let folder = ''
let child: ChildProcess | null = null
const ports = new Map<string, string>()

function translate(text: string): string {
  return text.replace(/\b(?:6390|8[12]0[07]|911[1-4])\b/g, (port) => ports.get(port) ?? port)
}

/** The example with free ports. */
async function copyExample(): Promise<void> {
  for (const port of PORTS) ports.set(port, String(await freePort()))
  folder = mkdtempSync(join(tmpdir(), 'sluice-example-'))
  cpSync(EXAMPLE, folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  const main = JSON.stringify(join(packageRoot(), 'dist/src/main.js'))
  for (const name of readdirSync(folder)) {
    const text = translate(readFileSync(join(folder, name), 'utf8'))
    writeFileSync(join(folder, name), text.replace("join(here, '../../dist/src/main.js')", main))
  }
}

before(async () => {
  await copyExample()
  const started = spawn(process.execPath, [join(folder, 'start.js')], {
    // Not the settings of the tests: a gateway refuses names it does not know.
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child = started
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the example is not ready')), READY_MS)
    started.once('exit', () => reject(new Error('the example ended')))
    started.stdout.on('data', (text: Buffer) => {
      if (!text.toString().includes('Ready')) return
      clearTimeout(late)
      resolve()
    })
  })
})

after(async () => {
  const gone = new Promise((resolve) => child?.once('exit', resolve))
  child?.kill('SIGTERM')
  await gone
  rmSync(folder, { recursive: true, force: true })
})

interface Step {
  readonly command: string
  readonly shows: string
}

function stepsOf(readme: string): Step[] {
  const blocks = [...readme.matchAll(/^```console\n([\s\S]*?)^```/gm)].map((block) => block[1]!)
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .filter((part) => part !== '')
      .map((part) => {
        const [command = '', ...lines] = part.split('\n')
        return { command, shows: lines.join('\n').trim() }
      }),
  )
}

function run(command: string): Promise<string> {
  return new Promise((resolve) => execFile('bash', ['-c', command], (_, stdout) => resolve(stdout.trim())))
}

/** A calendar minute must not turn between the first request and the last. */
async function awayFromTheMinutesEnd(): Promise<void> {
  while (Date.now() % 60_000 > 50_000) await new Promise((resolve) => setTimeout(resolve, 200))
}

test('the commands of the README of examples/limits show what it says they show', async () => {
  const steps = stepsOf(translate(readFileSync(join(EXAMPLE, 'README.md'), 'utf8')))
  assert.ok(steps.length >= 6, 'the README has commands')
  await awayFromTheMinutesEnd()
  for (const { command, shows } of steps) assert.equal(await run(command), shows, command)
})

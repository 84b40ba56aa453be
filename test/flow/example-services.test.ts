/**
 * examples/services and examples/custom-plugin: what their READMEs tell a reader to type gives what they say.
 *
 * NEEDS curl
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { packageRoot } from '../../src/boot/machine.ts'
import { until } from '../kit/command.ts'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { freePort } from '../kit/ports.ts'

const root = packageRoot()
const built = fileURLToPath(new URL('../..', import.meta.url))
const ports = new Map<string, string>()
let folder = ''
let target: ChildProcess | null = null

function translate(text: string): string {
  return text.replace(/\b(?:8000|910[12])\b/g, (port) => ports.get(port) ?? port)
}

function readExample(path: string): string {
  return translate(readFileSync(join(root, 'examples', path), 'utf8'))
}

before(async () => {
  for (const port of ['9101', '9102']) ports.set(port, String(await freePort()))
  folder = mkdtempSync(join(tmpdir(), 'sluice-services-'))
  writeFileSync(join(folder, 'target.mjs'), readExample('services/target.js'))
  target = spawn(process.execPath, [join(folder, 'target.mjs')], { stdio: 'inherit' })
  for (const port of ['9101', '9102'])
    await until('the services', () =>
      fetch(`http://127.0.0.1:${ports.get(port)}/`).then(
        () => true,
        () => false,
      ),
    )
})

after(async () => {
  const gone = new Promise((resolve) => target?.once('exit', resolve))
  target?.kill('SIGKILL')
  await gone
  rmSync(folder, { recursive: true, force: true })
})

interface Step {
  readonly command: string
  readonly shows: string
}

/** The commands of a README, or of the section of it whose heading starts so. */
function stepsOf(readme: string, heading: string): Step[] {
  const section =
    heading === '' ? readme : (readme.split(/^## /m).find((part) => part.startsWith(heading)) ?? '')
  const blocks = [...section.matchAll(/^```console\n([\s\S]*?)^```/gm)].map((block) => block[1]!)
  const parts = blocks.flatMap((block) => block.split(/^\$ /m)).filter((part) => part !== '')
  return parts.map((part) => {
    const [command = '', ...lines] = part.split('\n')
    return { command, shows: lines.join('\n').trim() }
  })
}

function run(command: string): Promise<string> {
  return new Promise((resolve) =>
    execFile('bash', ['-c', command], { cwd: root }, (_, stdout) => resolve(stdout.trim())),
  )
}

/** A calendar minute must not turn between the first request and the last. */
async function awayFromTheMinutesEnd(): Promise<void> {
  while (Date.now() % 60_000 > 45_000) await new Promise((resolve) => setTimeout(resolve, 200))
}

async function follow(config: string, readme: string, heading: string, env: Record<string, string> = {}) {
  const gateway: Gateway = await openGateway({ config: readExample(config), env })
  try {
    ports.set('8000', String(gateway.port))
    const steps = stepsOf(readExample(readme), heading)
    assert.ok(steps.length >= 4, 'the README has commands')
    await awayFromTheMinutesEnd()
    for (const { command, shows } of steps) assert.equal(await run(command), shows, command)
  } finally {
    await gateway.stop()
  }
}

for (const name of ['user-service', 'product-service'])
  test(`the commands for ${name} show what the README says they show`, () =>
    follow(`services/${name}.yml`, 'services/README.md', name))

test('the example of a plugin of one’s own compiles, is loaded, and does what its README says', async () => {
  // Elsewhere, as other tests read what is built at this moment.
  const compiled = join(folder, 'compiled')
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  await new Promise<void>((resolve, reject) => {
    const words = [tsc, '-p', join(root, 'examples/custom-plugin'), '--outDir', compiled]
    execFile(process.execPath, words, (cause, stdout) =>
      cause === null ? resolve() : reject(new Error(stdout)),
    )
  })
  const place = join(built, 'examples/custom-plugin')
  cpSync(join(compiled, 'examples/custom-plugin'), place, { recursive: true })
  await follow('custom-plugin/kong.yml', 'custom-plugin/README.md', '', { SLUICE_PLUGINS_DIR: place })
})

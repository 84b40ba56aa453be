/**
 * Starts the whole example: Redis, four targets, two gateways. Ctrl-C stops all of it.
 *
 *     node examples/limits/start.js
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const sluice = join(here, '../../dist/src/main.js')
const folder = mkdtempSync(join(tmpdir(), 'sluice-limits-'))
const children = []

function start(command, words, env = {}) {
  const child = spawn(command, words, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'inherit'] })
  child.on('error', (cause) => {
    console.error(`${command} could not be started: ${cause.message}`)
    stop(1)
  })
  children.push(child)
  return child
}

function gateway(name, port, statusPort) {
  return start(process.execPath, [sluice, 'start', '--config', join(here, 'kong.yml')], {
    SLUICE_PREFIX: join(folder, name),
    SLUICE_PROXY_LISTEN: `127.0.0.1:${port}`,
    SLUICE_STATUS_LISTEN: `127.0.0.1:${statusPort}`,
    SLUICE_WORKERS: '2',
  })
}

function stop(code) {
  for (const child of children) if (child.exitCode === null) child.kill('SIGTERM')
  rmSync(folder, { recursive: true, force: true })
  process.exit(code)
}

/** Resolves when something listens there; gives up after ten seconds. */
async function listening(port) {
  for (let tries = 0; tries < 200; tries++) {
    const isOpen = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
      socket.unref()
      setTimeout(() => socket.destroy(), 50)
    })
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  console.error(`nothing listens on port ${port}`)
  stop(1)
}

process.on('SIGINT', () => stop(0))
process.on('SIGTERM', () => stop(0))

start('redis-server', ['--port', '6390', '--save', '', '--dir', folder])
for (const port of [9111, 9112, 9113, 9114]) start(process.execPath, [join(here, 'target.js'), String(port)])
for (const port of [6390, 9111, 9112, 9113, 9114]) await listening(port)
gateway('one', 8100, 8107)
gateway('two', 8200, 8207)
for (const port of [8100, 8200]) await listening(port)
console.log('Ready: gateways on ports 8100 and 8200, status on 8107 and 8207. README.md says what to try. Ctrl-C stops it.')

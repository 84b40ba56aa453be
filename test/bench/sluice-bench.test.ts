/** `sluice bench` as a user meets it: what it prints, and how it ends. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { killTree, tree } from '../../bench/measure/proc.ts'
import { sluice, until } from '../kit/command.ts'
import { freePort } from '../kit/ports.ts'

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))
const LONG = ['--rate', '10', '--seconds', '60']
const SHORT = ['--rate', '50', '--seconds', '1', '--rounds', '1', '--connections', '4']
const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
const server = http.createServer((request, response) => {
  response.statusCode = request.url === '/broken' ? 500 : 200
  response.end(request.headers['x-name'])
})
let origin = ''

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // a TCP server's address is never a string
  origin = `http://127.0.0.1:${port}`
})
after(() => {
  server.close()
  server.closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
})

test('a URL is measured, its table printed, and the result written where it was asked for', async () => {
  const json = join(folder, 'result.json')
  const ran = await sluice(['bench', `${origin}/?a=b`, ...SHORT, '-H', 'X-Name: s3cret', '--json', json])
  assert.equal(ran.code, 0, ran.err)
  assert.match(ran.out, /p50 +p90 +p99 +p99\.9 +max/)
  assert.match(
    ran.err,
    /round 1 of 1: how long http:\/\/127\.0\.0\.1:\d+\/\?a=b takes at 50 requests a second/,
  )
  const text = readFileSync(json, 'utf8')
  const written = JSON.parse(text)
  assert.deepEqual(written.asked.fieldNames, ['X-Name'])
  assert.doesNotMatch(text, /s3cret/)
  assert.equal(written.found[0].rounds[0].latency.requests, 50)
})

test('a request that fails is told, and the command ends with 1', async () => {
  const ran = await sluice(['bench', `${origin}/`, `${origin}/broken`, ...SHORT])
  assert.equal(ran.code, 1)
  assert.match(ran.out, /\/broken: 50 requests failed\n {2}50 × status 500/)
})

test('a host that does not answer is told at once, and the command ends with 1', async () => {
  const ran = await sluice(['bench', `http://127.0.0.1:${await freePort()}/`, ...SHORT])
  assert.equal(ran.code, 1)
  assert.match(ran.err, /ECONNREFUSED/)
})

test('help is the bench’s own, and nonsense ends with 2 before any load', async () => {
  const [help, none, rate] = await Promise.all([
    sluice(['bench', '--help']),
    sluice(['bench']),
    sluice(['bench', `${origin}/`, '--rate', '0']),
  ])
  assert.equal(help.code, 0)
  assert.match(help.out, /--connections <n>/)
  assert.equal(none.code, 2)
  assert.equal(rate.code, 2)
  assert.match(rate.err, /a whole number from 1 to 1000000/)
})

const isLinux = process.platform === 'linux'

/** `sluice bench` in the middle of a measurement, with all that it has started. */
async function running(t: TestContext) {
  const words = [...LONG, '--connections', '4', `${origin}/`]
  const child = spawn(process.execPath, [MAIN, 'bench', ...words], { stdio: 'ignore' })
  t.after(() => killTree(child.pid!))
  // The command, the bench, and its generator.
  await until('the generator runs', () => tree(child.pid!).length === 3)
  return { child, pids: tree(child.pid!) }
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  test(`${signal} ends it with ${code}, and its processes with it`, { skip: !isLinux }, async (t) => {
    const { child, pids } = await running(t)
    const ended = once(child, 'exit')
    child.kill(signal)
    assert.deepEqual(await ended, [code, null])
    await until('all have ended', () => !pids.some(isAlive))
  })

test('a bench that is killed is told by its signal', { skip: !isLinux }, async (t) => {
  const { child, pids } = await running(t)
  const ended = once(child, 'exit')
  process.kill(pids[1]!, 'SIGKILL')
  assert.deepEqual(await ended, [137, null])
})

/** One whose end nobody has looked at is there, as a zombie. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}

/** `sluice bench` as a user meets it: what it prints, and how it ends. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { sluice } from '../kit/command.ts'
import { freePort } from '../kit/ports.ts'

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
  const ran = await sluice(['bench', `${origin}/?a=b`, ...SHORT, '-H', 'X-Name: bench', '--json', json])
  assert.equal(ran.code, 0, ran.err)
  assert.match(ran.out, /p50 +p90 +p99 +p99\.9 +max/)
  assert.match(
    ran.err,
    /round 1 of 1: how long http:\/\/127\.0\.0\.1:\d+\/\?a=b takes at 50 requests a second/,
  )
  const written = JSON.parse(readFileSync(json, 'utf8'))
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

/** Every preset starts, and the quickstart does what it prints. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { packageRoot } from '../../src/boot/machine.ts'
import { until } from '../kit/command.ts'
import { openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { freePort } from '../kit/ports.ts'
import { ask, get } from '../kit/raw-client.ts'

const PROFILES = join(packageRoot(), 'profiles')
const names = readdirSync(PROFILES).filter((name) => name.endsWith('.env'))

for (const name of names) {
  test(`a gateway starts with profiles/${name} and nothing in it is unknown`, async () => {
    const lines = readFileSync(join(PROFILES, name), 'utf8').split('\n')
    const rows = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split('='))
    // One worker is enough to see that it starts.
    const env = { ...Object.fromEntries(rows), SLUICE_WORKERS: '1' }
    const config = kongYml({
      routes: [{ paths: ['/'] }],
      plugins: [{ name: 'request-termination', config: { status_code: 204 } }],
    })
    const gateway = await openGateway({ config, env })
    const answer = await ask({ port: gateway.port }, get('/')).finally(() => gateway.stop())
    assert.equal(answer.status, 204)
    assert.equal(await gateway.exited(), 0)
    assert.ok(readFileSync(join(PROFILES, 'README.md'), 'utf8').includes(`| \`${name}\` |`))
  })
}

test('the quickstart prints requests that work, and ends at Ctrl-C', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-quick-'))
  const port = await freePort()
  const main = fileURLToPath(new URL('../../src/main.js', import.meta.url))
  const env = {
    PATH: process.env['PATH'],
    SLUICE_PREFIX: folder,
    SLUICE_PROXY_LISTEN: `127.0.0.1:${port}`,
    SLUICE_STATUS_LISTEN: 'off',
  }
  const child = spawn(process.execPath, [main, 'start', '--quickstart'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  try {
    await until('the greeting', () => out.includes('Ctrl-C'))
    const urls = [...out.matchAll(/curl -i (\S+)(.*)/g)]
    assert.equal(urls.length, 3)
    for (const [, url, rest] of urls) {
      const method = rest!.includes('-X POST') ? 'POST' : 'GET'
      const answer = await fetch(url!.replaceAll("'", ''), { method })
      assert.ok(answer.ok, `${method} ${url}: ${answer.status}`)
    }
  } finally {
    child.kill('SIGINT')
  }
  assert.equal(await exited, 0)
  rmSync(folder, { recursive: true, force: true })
})

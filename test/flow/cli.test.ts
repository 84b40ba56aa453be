/** What an operator meets at the command line: exit codes, messages, and one gateway per PREFIX. */
import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { sluice } from '../kit/command.ts'
import { openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { freePort } from '../kit/ports.ts'
import { ask, get } from '../kit/raw-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const CONFIG = kongYml({
  routes: [{ name: 'only', paths: ['/only'] }],
  plugins: [{ name: 'request-termination', config: { status_code: 200, message: 'ours' } }],
})

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

async function settings(more: Record<string, string> = {}): Promise<Record<string, string>> {
  const port = await freePort()
  return {
    SLUICE_PREFIX: mkdtempSync(join(folder, 'prefix-')),
    SLUICE_PROXY_LISTEN: `127.0.0.1:${port}`,
    SLUICE_STATUS_LISTEN: 'off',
    SLUICE_DECLARATIVE_CONFIG: file('kong.json', CONFIG),
    SLUICE_WORKERS: '1',
    ...more,
  }
}

test('help and version are no failures, a command nobody knows is one of usage', async () => {
  const [help, version, unknown, option] = await Promise.all([
    sluice(['--help']),
    sluice(['version']),
    sluice(['launch']),
    sluice(['stop', '--timeout', 'soon']),
  ])
  assert.equal(help.code, 0)
  assert.match(help.out, /explain.*method/)
  assert.match(version.out, /^\d+\.\d+\.\d+\n$/)
  assert.equal(unknown.code, 2)
  assert.equal(option.code, 2)
})

test('check tells every problem with file, line and column, and starts nothing', async () => {
  const bad = file('bad.yml', '_format_version: "3.0"\nservices:\n  - name: a\n    prot: http\n  - hots: b\n')
  const refused = await sluice(['check', bad])
  assert.equal(refused.code, 1)
  assert.match(refused.out, /bad\.yml:4:5: .*prot.*unknown field/)
  assert.match(refused.out, /bad\.yml:5:5: .*hots/)
  assert.match(refused.out, /bad\.yml: \d errors/)
  const taken = await sluice(['check', file('good.json', CONFIG)])
  assert.equal(taken.code, 0)
  assert.match(taken.out, /good\.json is valid: 0 services, 1 route, 1 plugin/)
  const absent = await sluice(['check', join(folder, 'absent.yml')])
  assert.equal(absent.code, 1)
  assert.match(absent.out, /there is no such file/)
})

test('a configuration that cannot be read is a refusal that says why, watched or not', async () => {
  const ring = join(folder, 'ring.yml')
  symlinkSync(ring, ring)
  for (const [path, why] of [
    [join(file('no-folder', ''), 'kong.yml'), 'ENOTDIR'],
    [ring, 'ELOOP'],
  ] as const)
    for (const watch of ['on', 'off']) {
      const env = await settings({ SLUICE_DECLARATIVE_CONFIG: path, SLUICE_WATCH: watch })
      const ran = await sluice(['start'], env)
      assert.equal(ran.code, 1, `${why}, watch ${watch}`)
      assert.match(ran.out + ran.err, new RegExp(`can't be read: ${why}`))
    }
})

test('settings that are wrong are told all at once, with the name that was meant', async () => {
  const ran = await sluice(['start'], {
    SLUICE_PROXY_LISTN: 'x',
    SLUICE_LOG_LEVEL: 'loud',
    KONG_PROXY_LISTEN: 'y',
  })
  assert.equal(ran.code, 1)
  assert.match(ran.err, /SLUICE_PROXY_LISTN: no such setting \(did you mean SLUICE_PROXY_LISTEN\?\)/)
  assert.match(ran.err, /SLUICE_LOG_LEVEL: 'loud' is not one of/)
  assert.match(ran.err, /KONG_PROXY_LISTEN: 'y'/)
})

test('a port that is taken is told by its address, before anything runs', async (t) => {
  const holder = net.createServer().listen(0, '127.0.0.1')
  t.after(() => holder.close())
  await new Promise((resolve) => holder.once('listening', resolve))
  const { port } = holder.address() as net.AddressInfo
  const ran = await sluice(['start'], await settings({ SLUICE_PROXY_LISTEN: `127.0.0.1:${port}` }))
  assert.equal(ran.code, 3)
  assert.match(ran.err, new RegExp(`127\\.0\\.0\\.1:${port}`))
  const status = await sluice(['start'], await settings({ SLUICE_STATUS_LISTEN: `127.0.0.1:${port}` }))
  assert.equal(status.code, 3)
  assert.match(status.err, /STATUS_LISTEN/)
})

test('more connections than there may be open files are refused', async () => {
  const ran = await sluice(['start'], await settings({ SLUICE_CONNECTIONS_MAX: '9000000' }))
  assert.equal(ran.code, 5)
  assert.match(ran.err, /ulimit -n/)
})

test('without a running gateway health, reload and stop say so', async () => {
  const env = await settings()
  // Left by a process that was killed: the pid may be anybody's by now.
  writeFileSync(join(env['SLUICE_PREFIX']!, 'sluice.pid'), `${process.pid}\n1\n\n`)
  for (const word of ['health', 'reload', 'stop']) {
    const ran = await sluice([word], env)
    assert.equal(ran.code, 6, word)
    assert.match(ran.err, /no running gateway/)
  }
})

test('health, reload and stop find the gateway by its PREFIX, and a second one is refused there', async () => {
  const gateway = await openGateway({ config: CONFIG })
  const env = { SLUICE_PREFIX: gateway.folder }
  try {
    const health = await sluice(['health'], env)
    assert.equal(health.code, 0, health.err)
    assert.match(health.out, /1 of 1 workers ready/)
    const second = await sluice(['start'], await settings(env))
    assert.equal(second.code, 1)
    assert.match(second.err, new RegExp(`already runs .*pid ${gateway.pid}`))
    writeFileSync(gateway.configFile, CONFIG.replace('ours', 'new'))
    const reload = await sluice(['reload'], env)
    assert.equal(reload.out, 'reloaded\n', reload.err)
    assert.match((await ask({ port: gateway.port }, get('/only'))).text, /new/)
    writeFileSync(gateway.configFile, 'services: 3')
    assert.equal((await sluice(['reload'], env)).code, 1)
    const stop = await sluice(['stop'], env)
    assert.equal(stop.out, 'stopped\n', stop.err)
    assert.equal(await gateway.exited(), 0)
  } finally {
    await gateway.stop()
  }
})

test('a socket file left by a dead gateway is taken over, one that answers is not', async () => {
  const gateway = await openGateway({ config: CONFIG, listen: 'unix:FOLDER/in.sock', readyPath: 'in.sock' })
  const path = join(gateway.folder, 'in.sock')
  try {
    assert.match((await ask({ path }, get('/only'))).text, /ours/)
    const refused = await sluice(['start'], await settings({ SLUICE_PROXY_LISTEN: `unix:${path}` }))
    assert.equal(refused.code, 3)
    const left = join(folder, 'left.sock')
    const maker = net.createServer().listen(left)
    await new Promise((resolve) => maker.once('listening', resolve))
    // Node removes the file when it closes; a killed process would not, so it is put back under another name.
    const { linkSync } = await import('node:fs')
    linkSync(left, `${left}2`)
    await new Promise((resolve) => maker.close(resolve))
    const over = await openGateway({
      config: CONFIG,
      env: { SLUICE_PROXY_LISTEN: `127.0.0.1:${await freePort()},unix:${left}2` },
      listen: '127.0.0.1:PORT',
      readyPath: `../${folder.split('/').at(-1)}/left.sock2`,
    })
    assert.match((await ask({ path: `${left}2` }, get('/only'))).text, /ours/)
    assert.equal(await over.stop(), 0)
  } finally {
    await gateway.stop()
  }
})

test('explain names the route, the plugins with their configuration, and what would be sent', async () => {
  const config = file(
    'explain.json',
    kongYml({
      services: [{ name: 's', url: 'http://127.0.0.1:9/base', routes: [{ name: 'r', paths: ['/r'] }] }],
      routes: [{ name: 'other', paths: ['/other'], hosts: ['a.test'] }],
      plugins: [
        { name: 'correlation-id', service: 's', config: { header_name: 'X-Mine' } },
        {
          name: 'rate-limiting',
          service: 's',
          config: { minute: 5, policy: 'redis', redis: { host: '127.0.0.1', port: 9, password: 'hush' } },
        },
      ],
    }),
  )
  const ran = await sluice(['explain', '-c', config, 'GET', 'http://localhost/r/x?y=1'])
  assert.equal(ran.code, 0, ran.err)
  assert.match(ran.out, /> r: path \/r: serves the request/)
  assert.match(ran.out, /other: .*host localhost/)
  assert.match(ran.out, /correlation-id .*from service s/)
  assert.match(ran.out, /X-Mine/)
  assert.match(ran.out, /"password":"<hidden>"/)
  assert.doesNotMatch(ran.out + ran.err, /hush/)
  assert.match(ran.out, /sent: GET \/base\/x\?y=1/)
  const none = await sluice(['explain', '-c', config, 'GET', 'http://a.test/none'])
  assert.equal(none.code, 1)
  assert.match(none.out, /404 no Route matched/)
})

test('without permission for an address it does not start, and says which one', async () => {
  // Root may listen anywhere: then it is run as nobody.
  const uid = process.getuid!() === 0 ? 65534 : undefined
  const env = await settings()
  const locked = join(folder, 'locked')
  mkdirSync(locked, { mode: 0o555 })
  chmodSync(folder, 0o755)
  if (uid !== undefined) chownSync(env['SLUICE_PREFIX']!, uid, uid)
  const place = join(locked, 'in.sock')
  const ran = await sluice(['start'], { ...env, SLUICE_PROXY_LISTEN: `unix:${place}` }, uid)
  assert.equal(ran.code, 4, ran.err)
  assert.ok(ran.err.includes(place), ran.err)
})

test('a format of the access log that cannot be stops the start, with its place and what there is', async () => {
  const format = { SLUICE_PROXY_ACCESS_LOG: '/dev/null', SLUICE_PROXY_ACCESS_LOG_FORMAT: '$status $stats' }
  const ran = await sluice(['start'], await settings(format))
  assert.equal(ran.code, 1)
  assert.match(
    ran.err,
    /SLUICE_PROXY_ACCESS_LOG_FORMAT: at character 9: there is no \$stats; there are: .*\$request_time/,
  )
  const behind = await sluice(['check'], await settings({ KONG_PROXY_ACCESS_LOG: '/dev/null show_all' }))
  assert.equal(behind.code, 1)
  assert.match(behind.err, /KONG_PROXY_ACCESS_LOG: there is no format 'show_all'/)
  const show = {
    KONG_PROXY_ACCESS_LOG: '/dev/null show',
    KONG_NGINX_HTTP_LOG_FORMAT: "show '$status $stats'",
  }
  const named = await sluice(['check'], await settings(show))
  assert.match(named.err, /^KONG_NGINX_HTTP_LOG_FORMAT: at character 9: there is no \$stats/m)
})

test('explain says where more is said of the refusal that it foresees', async () => {
  const config = file(
    'explain-refusals.json',
    kongYml({
      services: [
        {
          name: 's',
          url: 'http://127.0.0.1:9',
          routes: [
            { name: 'tls', paths: ['/tls'], protocols: ['https'] },
            { name: 'calls', paths: ['/p.S'], protocols: ['grpc'] },
          ],
        },
      ],
      routes: [{ name: 'nothing', paths: ['/nothing'] }],
    }),
  )
  const answers = [
    ['http://localhost/other', /404 .*docs\/faults\.md#route_not_found/],
    ['http://localhost/nothing', /503 .*docs\/faults\.md#service_not_found/],
    ['http://localhost/tls', /426 .*docs\/faults\.md#https_required/],
    ['http://localhost/p.S/M', /415 .*docs\/faults\.md#grpc_required/],
  ] as const
  for (const [url, expected] of answers)
    assert.match((await sluice(['explain', '-c', config, 'GET', url])).out, expected)
  const call = await sluice([
    'explain',
    '-c',
    config,
    '-H',
    'Content-Type: application/grpc',
    '--',
    'POST',
    'http://localhost/p.S/M',
  ])
  assert.match(call.out, /sent: POST \/p\.S\/M/)
})

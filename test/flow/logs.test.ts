/** Log files under load and misfortune: rotation, a stop, a dead log thread, dead workers, sinks that fail. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { until } from '../kit/command.ts'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { ask, connect, get } from '../kit/raw-client.ts'

const plugins = mkdtempSync(join(tmpdir(), 'sluice-plugins-'))
after(() => rmSync(plugins, { recursive: true, force: true }))

/** A log plugin whose sink writes paths into a file, throws at /throw, and ends the log thread at /end. */
mkdirSync(join(plugins, 'tell'))
writeFileSync(
  join(plugins, 'tell', 'tell.mjs'),
  `export default {
    name: 'tell',
    summary: 'Logs paths.',
    priority: 3,
    schema: { type: 'record', fields: { path: { type: 'string' } } },
    build: (config, host) => {
      const sink = host.logs.open(import.meta.url, 'tell-file', { path: config.path })
      return { onLog: (x) => sink.put(x, null), close: () => sink.close() }
    },
  }`,
)
writeFileSync(
  join(plugins, 'tell', 'tell-file.mjs'),
  `import { appendFileSync } from 'node:fs'
  export function tellFile({ path }, tools) {
    appendFileSync(path, 'opened\\n')
    return {
      waiting: 0,
      write(record) {
        if (record.uri === '/throw') throw new Error('the fixture has thrown')
        if (record.uri === '/end') process.exit(9)
        const route = tools.entity('route', record.routeId)
        appendFileSync(path, record.uri + ' ' + record.status + ' ' + route?.name + '\\n')
        tools.delivered(1)
      },
      async close() { appendFileSync(path, 'closed\\n') },
    }
  }`,
)
mkdirSync(join(plugins, 'crash'))
writeFileSync(
  join(plugins, 'crash', 'crash.mjs'),
  `export default {
    name: 'crash',
    summary: 'Ends the worker at once.',
    priority: 2,
    schema: { type: 'record', fields: {} },
    build: () => ({
      onRequest(x) {
        setTimeout(() => process.exit(3), 50)
        return 0
      },
    }),
  }`,
)

interface Rig {
  readonly gateway: Gateway
  readonly access: string
  readonly told: string
  readonly read: (file: string) => string
}

async function open(env: Readonly<Record<string, string>> = {}): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-logs-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const told = join(folder, 'told.log')
  const access = join(folder, 'access.log')
  const stop = { name: 'request-termination', config: { status_code: 200, message: 'fine' } }
  const routes = [
    { name: 'fine', paths: ['/'], plugins: [stop, { name: 'tell', config: { path: told } }] },
    { name: 'plain', paths: ['/plain'], plugins: [stop] },
    {
      name: 'crash',
      paths: ['/crash'],
      plugins: [stop, { name: 'crash' }, { name: 'tell', config: { path: told } }],
    },
  ]
  const gateway = await openGateway({
    config: kongYml({ routes }),
    env: {
      SLUICE_WORKERS: '2',
      SLUICE_PLUGINS_DIR: plugins,
      SLUICE_PROXY_ACCESS_LOG: access,
      SLUICE_DRAIN_MS: '5000',
      ...env,
    },
  })
  const read = (file: string) => (existsSync(file) ? readFileSync(file, 'latin1') : '')
  return { gateway, access, told, read }
}

const answered = async ({ gateway }: Rig, path: string) =>
  (await ask({ port: gateway.port }, get(path))).status

async function metric({ gateway }: Rig, line: RegExp): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${gateway.statusPort}/metrics`)
  return line.test(await answer.text())
}

/** Workers have rings of their own: which of two lines comes first is open. */
const hasBoth = (text: string, one: string, two: string): boolean => text.includes(one) && text.includes(two)

test('access logs are rotated under load: every request has its line, whole, in the old file or in the new one', async () => {
  const rig = await open()
  const rounds = 400
  const clients = await Promise.all(Array.from({ length: 4 }, () => connect({ port: rig.gateway.port })))
  let sent = 0
  const send = clients.map(async (client, index) => {
    for (let i = 0; i < rounds; i++) {
      await client.send(get(`/plain/${index}-${i}`))
      assert.equal((await client.answer()).status, 200)
      sent++
    }
  })
  const old: string[] = []
  for (const share of [0.2, 0.5, 0.8]) {
    await until('some requests', async () => sent > share * rounds * clients.length)
    old.push(`${rig.access}.${share}`)
    renameSync(rig.access, old.at(-1)!)
    rig.gateway.signal('SIGUSR1')
    await until('the new file', async () => existsSync(rig.access))
  }
  await Promise.all(send)
  for (const client of clients) client.destroy()
  assert.equal(await rig.gateway.stop(), 0)
  const lines = [...old, rig.access].flatMap((file) =>
    rig
      .read(file)
      .split('\n')
      .filter((line) => line !== ''),
  )
  const paths = lines.map((line) => /"GET (\S+) HTTP\/1\.1" 200 .*"$/.exec(line)?.[1] ?? line)
  const wanted = clients.flatMap((_, index) =>
    Array.from({ length: rounds }, (_, i) => `/plain/${index}-${i}`),
  )
  assert.deepEqual(paths.sort(), wanted.sort())
  assert.ok(old.some((file) => rig.read(file) !== ''))
})

test('what was logged right before a stop is in its file, and sinks are closed', async () => {
  const rig = await open({ SLUICE_PROXY_ACCESS_LOG: 'off' })
  assert.equal(await answered(rig, '/one'), 200)
  assert.equal(await rig.gateway.stop(), 0)
  assert.equal(rig.read(rig.told), 'opened\n/one 200 fine\nclosed\n')
})

test('what a stop cuts has its line in the access log and its record, as ended by the gateway', async (t) => {
  const target = createServer(() => {})
  target.listen(0, '127.0.0.1')
  await once(target, 'listening')
  t.after(() => target.close())
  const { port } = target.address() as AddressInfo // of a TCP server that listens
  const folder = mkdtempSync(join(tmpdir(), 'sluice-logs-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const told = join(folder, 'told.log')
  const access = join(folder, 'access.log')
  const routes = [{ name: 'silent', paths: ['/'], plugins: [{ name: 'tell', config: { path: told } }] }]
  const gateway = await openGateway({
    config: kongYml({ services: [{ name: 's', url: `http://127.0.0.1:${port}`, routes }] }),
    env: { SLUICE_PLUGINS_DIR: plugins, SLUICE_PROXY_ACCESS_LOG: access, SLUICE_DRAIN_MS: '300' },
  })
  const asked = once(target, 'connection')
  const client = await connect({ port: gateway.port })
  await client.send(get('/cut'))
  await asked
  await gateway.stop()
  client.destroy()
  assert.match(readFileSync(access, 'utf8'), /"GET \/cut HTTP\/1.1" 503 0 /)
  assert.match(readFileSync(told, 'utf8'), /^\/cut 503 silent$/m)
})

test('a sink that throws is told of and counted, and gets the next record; a reload leaves it open', async () => {
  const rig = await open()
  try {
    assert.equal(await answered(rig, '/throw'), 200)
    assert.equal(await answered(rig, '/one'), 200)
    await until('the record', async () => rig.read(rig.told).includes('/one'))
    await until('what is told of it', async () =>
      rig.gateway.log.some((line) => line.includes('the fixture has thrown')),
    )
    await until('the count', () =>
      metric(rig, /^sluice_log_lost_total\{sink="tell .*",why="sink failed"\} 1$/m),
    )
    await until('the other count', () => metric(rig, /^sluice_log_delivered_total\{sink="tell .*"\} 1$/m))
    rig.gateway.signal('SIGHUP')
    await until('the reload', async () => rig.gateway.log.some((line) => /reload|configuration/.test(line)))
    assert.equal(await answered(rig, '/two'), 200)
    await until('the record', async () => rig.read(rig.told).includes('/two'))
    assert.equal(rig.read(rig.told).match(/opened/g)?.length, 1)
  } finally {
    assert.equal(await rig.gateway.stop(), 0)
  }
})

test('a log thread that ends is replaced, traffic goes on, and what is told after it reaches sinks that were open before', async () => {
  const rig = await open()
  try {
    assert.equal(await answered(rig, '/one'), 200)
    await until('the record', async () => rig.read(rig.told).includes('/one'))
    assert.equal(await answered(rig, '/end'), 200)
    assert.equal(await answered(rig, '/two'), 200)
    await until('the death', async () =>
      rig.gateway.log.some((line) => line.includes('the log thread ended')),
    )
    assert.equal(await answered(rig, '/three'), 200)
    await until('the records', async () => hasBoth(rig.read(rig.told), '/two ', '/three '))
    await until('the lines', async () => hasBoth(rig.read(rig.access), '/two ', '/three '))
    await until('the count', () =>
      metric(rig, /^sluice_log_lost_total\{sink="tell .*",why="log thread ended"\} 1$/m),
    )
    assert.ok(await metric(rig, /^sluice_worker_restarts_total 0$/m))
    const ends = rig.gateway.log.filter((line) => line.includes('the log thread ended'))
    assert.equal(ends.length, 1, 'the record that it died of is not tried again')
  } finally {
    assert.equal(await rig.gateway.stop(), 0)
  }
})

test('a worker that ends without a farewell: what it had put into its ring is shipped', async () => {
  const rig = await open({ SLUICE_WORKERS: '1' })
  try {
    assert.equal(await answered(rig, '/crash'), 200)
    await until('the death', async () => rig.gateway.log.some((line) => line.includes('is replaced')))
    assert.equal(await answered(rig, '/one'), 200)
    await until('the records', async () => hasBoth(rig.read(rig.told), '/crash ', '/one '))
    await until('the lines', async () => hasBoth(rig.read(rig.access), '/crash ', '/one '))
  } finally {
    assert.equal(await rig.gateway.stop(), 0)
  }
})

test('an access log that cannot be written stops the start, and the reason names the file', async () => {
  const place = '/nowhere/at/all/access.log'
  await assert.rejects(open({ SLUICE_PROXY_ACCESS_LOG: place }), (cause: Error) => {
    assert.match(cause.message, /LOG_PLACE/)
    assert.ok(cause.message.includes(place))
    return true
  })
})

/** `sluice top` and what it reads, against a real gateway: as JSON, as text, and on a terminal. */
import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sluice, until } from '../kit/command.ts'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { ask, get } from '../kit/raw-client.ts'

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))
const HAS_SCRIPT = spawnSync('script', ['--version']).status === 0
const ON_TERMINAL = { skip: HAS_SCRIPT ? false : 'script(1) is not here' }
const OPENED = '\x1b[?1049h'
const CLOSED = '\x1b[?1049l'

const CONFIG = kongYml({
  routes: [
    { name: 'well', paths: ['/well'] },
    { name: 'ill', paths: ['/ill'] },
    { name: 'limited', paths: ['/limited'] },
  ],
  plugins: [
    { name: 'request-termination', route: 'well', config: { status_code: 200 } },
    { name: 'request-termination', route: 'ill', config: { status_code: 500 } },
    { name: 'request-termination', route: 'limited', config: { status_code: 200 } },
    { name: 'rate-limiting', route: 'limited', config: { hour: 1, policy: 'local' } },
  ],
})

let gateway: Gateway
before(async () => {
  gateway = await openGateway({ config: CONFIG })
  for (const path of ['/well', '/well', '/well', '/well', '/ill', '/limited', '/limited', '/none'])
    await ask({ port: gateway.port }, get(path))
})
after(() => gateway.stop())

interface Times {
  readonly p50: number | null
  readonly p99: number
  readonly max: number
}

interface Route {
  readonly id: string | null
  readonly name: string
  readonly since_start: { readonly requests: number }
}

/** What is looked at here of /status and /status/routes. */
interface Told {
  readonly server: { readonly total_requests: number }
  readonly routes: readonly Route[]
  readonly sluice: {
    readonly traffic: {
      readonly last_minute: { readonly responses: object; readonly limited: number }
      readonly since_start: { readonly requests: number }
    }
    readonly latency: {
      readonly last_minute: { readonly total: Times }
      readonly since_start: { readonly gateway: Times; readonly upstream: Times }
    }
    readonly process: { readonly pid: number; readonly rss_bytes: number; readonly cpu_seconds: number }
    readonly routes: readonly Route[]
    readonly routes_seen: number
  }
}

async function status(path: string): Promise<Told> {
  const answer = await fetch(`http://127.0.0.1:${gateway.statusPort}${path}`)
  assert.equal(answer.status, 200)
  return (await answer.json()) as Told
}

test('/status tells counts and times of all requests, and Kong’s fields stay', async () => {
  await until(
    'all are counted',
    async () => (await status('/status')).sluice.traffic.since_start.requests >= 8,
  )
  const { server, sluice: own } = await status('/status')
  assert.equal(server.total_requests, 8)
  const { last_minute: recent } = own.traffic
  assert.deepEqual(recent.responses, { '1xx': 0, '2xx': 5, '3xx': 0, '4xx': 2, '5xx': 1 })
  assert.equal(recent.limited, 1)
  for (const times of [own.latency.last_minute.total, own.latency.since_start.gateway])
    assert.ok(times.p50! >= 0 && times.p50! <= times.p99 && times.p99 <= times.max, JSON.stringify(times))
  assert.equal(own.latency.since_start.upstream.p50, null)
  assert.equal(own.process.pid, gateway.pid)
  assert.ok(own.process.rss_bytes > 0 && own.process.cpu_seconds > 0)
  assert.deepEqual(
    own.routes.map(({ name }) => name),
    (await status('/status/routes')).routes.map(({ name }) => name),
  )
  const well = own.routes[0]!
  assert.deepEqual([well.name, well.since_start.requests, own.routes_seen], ['well', 4, 3])
  assert.ok(own.routes.some(({ id }) => id === null))
})

test('top --once finds the gateway by its PREFIX, or by its URL, and prints text or JSON', async () => {
  const env = { SLUICE_PREFIX: gateway.folder }
  const [text, json, url] = await Promise.all([
    sluice(['top', '--once'], env),
    sluice(['top', '--once', '--json'], env),
    sluice(['top', '--url', `http://127.0.0.1:${gateway.statusPort}`, '--json', '--once']),
  ])
  assert.equal(text.code, 0, text.err)
  assert.match(text.out, /^sluice \d.* workers 1\/1\n/)
  assert.match(text.out, /^well +\S+ +100 +0 +0 /m)
  assert.match(text.out, /^ill +\S+ +0 +0 +100 /m)
  assert.ok(
    text.out.split('\n').every((line) => line.length <= 80),
    text.out,
  )
  assert.doesNotMatch(text.out, /\x1b/)
  for (const ran of [json, url]) {
    assert.equal(ran.code, 0, ran.err)
    const shown = JSON.parse(ran.out)
    assert.deepEqual([shown.pid, shown.routes_seen, shown.workers_ready], [gateway.pid, 3, 1])
  }
})

test('without a gateway, or with another’s address, it says so', async () => {
  const none = await sluice(['top', '--once'], { SLUICE_PREFIX: `${gateway.folder}/none` })
  assert.equal(none.code, 6)
  assert.match(none.err, /no running gateway/)
  const closed = await sluice(['top', '--url', 'http://127.0.0.1:1', '--once'])
  assert.equal(closed.code, 6)
  assert.match(closed.err, /nothing answers \/status at 127\.0\.0\.1:1/)
  const proxy = await sluice(['top', '--url', `http://127.0.0.1:${gateway.port}`, '--once'])
  assert.equal(proxy.code, 6)
  for (const words of [
    ['--interval', '0'],
    ['--interval', 'soon'],
    ['--url', 'ftp://a'],
  ])
    assert.equal((await sluice(['top', ...words])).code, 2)
})

type Script = ChildProcessByStdio<Writable, Readable, Readable>

/** A terminal of 80 to 24, and what was written to it. */
function openTerminal(): { child: Script; shown: () => string; exit: Promise<number | null> } {
  // The shell that script(1) starts would not hand signals on.
  const command = `stty rows 24 cols 80; echo pid $$; exec ${process.execPath} ${MAIN} top --interval 0.2`
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { PATH: process.env['PATH'], SLUICE_PREFIX: gateway.folder, TERM: 'xterm', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more
  })
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, shown: () => text, exit }
}

function framesIn(text: string): number {
  return text.split('\x1b[H').length - 1
}

test('on a terminal it draws, sorts, pauses, and gives the terminal back', ON_TERMINAL, async () => {
  const { child, shown, exit } = openTerminal()
  await until('it draws', () => shown().includes('*REQ/S') && framesIn(shown()) > 3)
  child.stdin.write('s')
  await until('it sorts by the next', () => shown().includes('*2XX%'))
  child.stdin.write('p')
  await until('it pauses', () => shown().includes('PAUSED'))
  child.stdin.write('q')
  assert.equal(await exit, 0)
  assert.equal(shown().split(OPENED).length, 2)
  assert.match(shown().split(CLOSED).at(-1)!, /^\s*$/)
  assert.ok(shown().includes('\x1b[?25h'))
})

test('Ctrl-C and SIGTERM give the terminal back, too', ON_TERMINAL, async () => {
  for (const [how, code] of [
    ['key', 130],
    ['signal', 143],
  ] as const) {
    const { child, shown, exit } = openTerminal()
    await until('it draws', () => shown().includes('*REQ/S'))
    if (how === 'key') child.stdin.write('\x03')
    else process.kill(Number(/pid (\d+)/.exec(shown())![1]), 'SIGTERM')
    assert.equal(await exit, code, how)
    assert.ok(shown().includes(CLOSED) && shown().includes('\x1b[?25h'), how)
  }
})

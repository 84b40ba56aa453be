/**
 * Every peer of the bench that is installed here does what each kind of work asks for, so that no comparison compares
 * broken things. Those that are not installed are named as skipped.
 *
 * NEEDS nginx, haproxy
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { bounds } from '../../bench/gate/bounds.ts'
import { routeTable } from '../../bench/load/route-table.ts'
import { API_KEY, type Scenario, type Work } from '../../bench/load/scenario.ts'
import { scenarios } from '../../bench/load/scenarios.ts'
import { Child } from '../../bench/measure/run-child.ts'
import { peerOf, peers } from '../../bench/peers/all-peers.ts'
import { asksVersion } from '../../bench/peers/installed.ts'
import { answerBody, answerFields } from '../../bench/peers/origin/answer.ts'
import { originFor, rawOrigin } from '../../bench/peers/origin.ts'
import type { Peer, Place } from '../../bench/peers/peer.ts'
import { until } from '../kit/command.ts'
import { freePort } from '../kit/ports.ts'
import { RecordingOrigin, type Seen } from './recording-origin.ts'

const UPLOAD = Buffer.from(answerBody(16_384))

interface Answer {
  readonly status: number
  readonly fields: http.IncomingHttpHeaders
  readonly body: string
}

/** A client with one connection that it keeps. */
class Client {
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#ask({ path, headers })
  }

  post(path: string, body: Buffer, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#ask({ path, headers: { ...headers, 'content-length': body.length }, method: 'POST' }, body)
  }

  close(): void {
    this.#agent.destroy()
  }

  #ask(options: http.RequestOptions, body?: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asked = { ...options, port: this.#port, host: '127.0.0.1', agent: this.#agent }
      const request = http.request(asked, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).once('error', reject)
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString()
          resolve({ status: response.statusCode ?? 0, fields: response.headers, body: text })
        })
      })
      request.once('error', reject).end(body)
    })
  }
}

async function inFolder(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-peers-'))
  try {
    await work(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function running(program: Peer, place: Place, scenario: Scenario): Promise<Child[]> {
  const children: Child[] = []
  try {
    if (program.beside !== undefined) {
      children.push(new Child({ ...program.beside(place), cores: [] }))
      await children[0]?.accepting(place.besidePort ?? 0)
    }
    children.push(new Child({ ...program.launch(place, scenario), cores: [] }))
    await children.at(-1)?.accepting(place.port)
    return children
  } catch (cause) {
    await stop(children)
    throw cause
  }
}

async function stop(children: readonly Child[]): Promise<void> {
  await Promise.all(children.map((child) => child.stop()))
}

async function withRunning(
  program: Peer,
  place: Place,
  scenario: Scenario,
  look: (client: Client) => Promise<void>,
): Promise<void> {
  const children = await running(program, place, scenario)
  const client = new Client(place.port)
  try {
    await look(client)
  } finally {
    client.close()
    await stop(children)
  }
}

function scenarioOf(work: Work): Scenario {
  return scenarios.find((scenario) => scenario.work === work)!
}

interface Tried {
  readonly client: Client
  readonly origin: RecordingOrigin
  readonly directory: string
}

/** Starts the peer before an origin of our own. */
async function trying(peer: Peer, work: Work, look: (tried: Tried) => Promise<void>): Promise<void> {
  await inFolder(async (directory) => {
    const origin = new RecordingOrigin()
    const originPort = await origin.open()
    const place = { directory, port: await freePort(), originPort, workers: 1, besidePort: await freePort() }
    try {
      await withRunning(peer, place, scenarioOf(work), (client) => look({ client, origin, directory }))
    } finally {
      origin.close()
    }
  })
}

function seenIn(answer: Answer): Seen {
  assert.equal(answer.status, 200, answer.body)
  return JSON.parse(answer.body) as Seen // what the recording origin says
}

async function passesOn({ client, origin }: Tried): Promise<void> {
  const seen = seenIn(await client.get('/api/items?page=3', { 'x-trace': 'a' }))
  assert.equal(seen.url, '/api/items?page=3')
  assert.equal(seen.fields['x-trace'], 'a')
  assert.equal((await client.get('/a?bytes=1100')).body, answerBody(1100))
  const posted = seenIn(await client.post('/a', UPLOAD))
  assert.equal(posted.digest, createHash('sha256').update(UPLOAD).digest('hex'))
  assert.equal(posted.fields['content-length'], '16384')
  const large = await client.get('/a?bytes=1048576')
  assert.equal(large.status, 200)
  assert.ok(large.body === answerBody(1 << 20), 'a megabyte arrives as it was sent')
  for (let i = 0; i < 6; i++) seenIn(await client.get('/again'))
  // Two of ten requests may find it not yet given back.
  assert.ok(
    origin.connections <= 3,
    `connections to the origin are kept: ${origin.connections} for 10 requests`,
  )
}

async function guards({ client, directory }: Tried): Promise<void> {
  for (const headers of [{}, { apikey: 'another' }]) {
    const { status } = await client.get('/guarded', headers as Record<string, string>)
    assert.equal(status, 401)
  }
  const ids = new Set<string | undefined>()
  for (let i = 0; i < 3; i++)
    ids.add(seenIn(await client.get('/guarded', { apikey: API_KEY })).fields['x-request-id'])
  assert.equal(ids.size, 3, 'each request has an id of its own')
  assert.ok(!ids.has(undefined))
  seenIn(await client.post('/guarded', UPLOAD, { apikey: API_KEY }))
  await until('a line in the access log for each request', () => linesLogged(directory) === 6)
}

function linesLogged(directory: string): number {
  const logs = readdirSync(directory).filter((file) => file.endsWith('access.log'))
  const lines = logs.flatMap((file) => readFileSync(join(directory, file), 'utf8').split('\n'))
  return lines.filter((line) => line.includes('/guarded')).length
}

async function routes({ client }: Tried): Promise<void> {
  const table = routeTable()
  for (const i of [0, 1, 4999, table.length - 1]) {
    const path = `${table[i]?.path}/items?page=3`
    assert.equal(seenIn(await client.get(path)).url, path)
  }
  for (const path of ['/', '/team-100/service-0/resource-0/items', '/team-1/service-0/items'])
    assert.equal((await client.get(path)).status, 404, path)
}

const WORKS: Readonly<Record<Work, (peer: Peer) => Promise<void>>> = {
  plain: (peer) => trying(peer, 'plain', passesOn),
  guarded: (peer) => trying(peer, 'guarded', guards),
  routes: (peer) => trying(peer, 'routes', routes),
}

describe('peers', { concurrency: 3 }, () => {
  for (const peer of peers)
    for (const work of Object.keys(WORKS) as Work[])
      test(`${peer.name} does ${work} work as it should`, async (t) => {
        const why = (await peer.version()) === null ? `not installed: ${peer.install}` : ''
        const not = why || peer.cannot(scenarioOf(work))
        if (not !== '') t.skip(not)
        else await WORKS[work](peer)
      })
})

const origins = scenarios
  // What other protocols ask for is that of these; the WebSockets' echo is looked at in protocols.test.ts.
  .filter(({ name, protocol }) => protocol === undefined && !/^plain-(8|512)$/.test(name))
  .flatMap((scenario) => [...new Set([originFor(scenario), rawOrigin])].map((peer) => ({ peer, scenario })))

describe('origins', { concurrency: 3 }, () => {
  for (const { peer, scenario } of origins)
    test(`${peer.name} answers ${scenario.name} with the bytes and fields it asks for`, () =>
      inFolder(async (directory) => {
        const place = { directory, port: await freePort(), originPort: 0, workers: 1 }
        await withRunning(peer, place, scenario, (client) => answers(client, scenario))
      }))
})

async function answers(client: Client, { answer, method, paths, upload }: Scenario): Promise<void> {
  for (const path of paths.slice(0, 3)) {
    const found = await (method === 'GET' ? client.get(path) : client.post(path, Buffer.alloc(upload, 'a')))
    assert.equal(found.status, 200)
    assert.ok(found.body === answerBody(answer.bytes))
    const names = ['server', 'date', 'content-type', 'content-length', 'connection']
    const expected = [...names, ...Object.keys(answerFields).map((name) => name.toLowerCase())]
    assert.deepEqual(Object.keys(found.fields).sort(), expected.sort())
  }
}

test('of a hundred answers one is late, where a scenario asks for it', () =>
  inFolder(async (directory) => {
    const slow = scenarios.find(({ answer }) => answer.slowShare > 0)!
    const place = { directory, port: await freePort(), originPort: 0, workers: 1 }
    const took: number[] = []
    await withRunning(originFor(slow), place, slow, async (client) => {
      for (let i = 0; i < 101; i++) {
        const before = performance.now()
        await client.get('/')
        took.push(performance.now() - before)
      }
    })
    // A timer may be a millisecond early.
    assert.ok(took[99]! >= slow.answer.slowMs - 1, `the hundredth took ${took[99]} ms`)
  }))

test('a peer with a number of workers of its own has it whatever a run asks for', () =>
  inFolder(async (directory) => {
    const peer = peerOf('sluice-two-workers')
    const place = { directory, port: 8000, originPort: 8001, workers: 1 }
    assert.equal(peer.workers, 2)
    assert.equal(peer.launch(place, scenarioOf('plain')).env['SLUICE_WORKERS'], '2')
  }))

test('each bound on another subject names one there is', () => {
  for (const { of } of bounds) if (of !== undefined) assert.equal(peerOf(of).name, of)
})

test('what is not installed is looked for once', async () => {
  let asked = 0
  const version = asksVersion(() => {
    asked++
    return [null]
  }, /x/)
  assert.deepEqual([await version(), await version(), asked], [null, null, 1])
})

test('an unknown peer is refused with the names of those there are', () => {
  assert.equal(peerOf('nginx').name, 'nginx')
  assert.throws(
    () => peerOf('apache'),
    /no peer is named apache; there are nginx, haproxy, .*sluice-seeded-stall/,
  )
})

/** Many slow peers at once: nobody else waits for them, and what waits is bounded. */
import assert from 'node:assert/strict'
import { answers, neverAnswers, pause, pours, reply } from '../kit/behaviours.ts'
import { eachEngine, type Rig } from '../kit/each-engine.ts'
import { catchAll, kongYml } from '../kit/kong-config.ts'
import { get, type RawClient } from '../kit/raw-client.ts'

const SLOW = 300

/** The worst of `count` requests in ms, one after the other on one connection. */
async function worstOf(rig: Rig, path: string, count: number): Promise<number> {
  const client = await rig.connect()
  let worst = 0
  for (let i = 0; i < count; i++) {
    const began = performance.now()
    await client.send(get(path))
    assert.equal((await client.answer()).status, 200)
    worst = Math.max(worst, performance.now() - began)
  }
  return worst
}

async function many(rig: Rig, count: number, bytes: string): Promise<RawClient[]> {
  const clients: RawClient[] = []
  for (let i = 0; i < count; i++) {
    const client = await rig.connect()
    client.socket.write(bytes)
    clients.push(client)
  }
  return clients
}

/** Generous, since machines are busy: a wedge lasts for seconds, and would show all the same. */
const WORST_MS = 2000

/** Until every buffer on the way is full: the target's writes stand still. */
async function untilStuck(rig: Rig): Promise<void> {
  for (let before = -1, now = 0; before !== now; ) {
    await pause(250)
    before = now
    now = rig.target.calls.reduce((sum, call) => sum + call.socket.bytesWritten, 0)
  }
}

async function staysFast(rig: Rig): Promise<void> {
  const worst = await worstOf(rig, '/', 50)
  assert.ok(worst < WORST_MS, `somebody waited ${Math.round(worst)} ms`)
}

eachEngine('slow clients', { config: (port) => catchAll(port, { retries: 0 }) }, (check) => {
  check(`${SLOW} uploads that stop half-way leave everybody else alone`, async (rig) => {
    await many(rig, SLOW, 'POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc')
    await staysFast(rig)
  })

  check(`${SLOW} heads that stop half-way never reach the target`, async (rig) => {
    await many(rig, SLOW, 'GET /slow HTTP/1.1\r\nHost: a\r\nX-Half')
    await staysFast(rig)
    assert.ok(rig.target.requests.every((request) => request.target === '/'))
  })

  check('30 downloads that nobody reads leave everybody else alone', async (rig) => {
    rig.target.behave = async (call) => {
      if (call.request.target === '/big') await pours(64 * 1024 * 1024)(call)
      else await answers()(call)
    }
    const clients = await many(rig, 30, get('/big'))
    for (const client of clients) client.socket.pause()
    await untilStuck(rig)
    await staysFast(rig)
  })

  check('100 requests whose target is silent leave the others alone', async (rig) => {
    rig.target.behave = async (call) => {
      if (call.request.target === '/silent') await neverAnswers(call)
      else await answers()(call)
    }
    await many(rig, 100, get('/silent'))
    await staysFast(rig)
  })
})

function bounded(port: number): string {
  const service = (name: string) => ({
    name,
    host: '127.0.0.1',
    port,
    retries: 0,
    connect_timeout: 500,
    routes: [{ name, paths: ['/'], strip_path: false }],
  })
  return kongYml({ services: [service('bounded')] })
}

const env = { SLUICE_UPSTREAM_CONNECTIONS_MAX: '2', SLUICE_UPSTREAM_QUEUE_MAX: '2' }

eachEngine('a bounded target', { config: bounded, env }, (check) => {
  check('what waits is served in its turn, and what finds no room is a 503 at once', async (rig) => {
    const gates: (() => void)[] = []
    rig.target.behave = async (call) => {
      await new Promise<void>((resolve) => gates.push(resolve))
      call.send(reply(call.request.target))
    }
    const busy = await many(rig, 2, get('/busy'))
    await rig.target.arrived(2)
    const waiting = await many(rig, 2, get('/waiting'))
    // The fifth can only be refused once the third and fourth stand in the queue.
    let refused = 0
    for (let tries = 0; refused === 0 && tries < 5; tries++) {
      const answer = await rig.ask(get('/refused'))
      assert.equal(answer.status, 503)
      refused++
    }
    assert.equal(rig.target.open, 2)
    for (const gate of gates.splice(0)) gate()
    for (const client of busy) assert.equal((await client.answer()).text, '/busy')
    await rig.target.arrived(4)
    for (const gate of gates.splice(0)) gate()
    for (const client of waiting) assert.equal((await client.answer()).text, '/waiting')
    assert.equal(rig.target.connections, 2)
  })

  check('what waits longer than connect_timeout is a 504', async (rig) => {
    rig.target.behave = neverAnswers
    const busy = await many(rig, 2, get('/busy'))
    await rig.target.arrived(2)
    assert.equal((await rig.ask(get('/late'))).status, 504)
    for (const client of busy) client.reset()
  })

  check('clients that leave while they wait give up their place', async (rig) => {
    rig.target.behave = neverAnswers
    const busy = await many(rig, 2, get('/busy'))
    await rig.target.arrived(2)
    const gone = await many(rig, 2, get('/gone'))
    // A client that ends its side right behind its request may only have half-closed, and is waited for.
    await pause(200)
    for (const client of gone) client.reset()
    // Once a request may wait again, and is not refused at once, the places of those who left are free.
    let status = 503
    for (let tries = 0; status === 503 && tries < 50; tries++) status = (await rig.ask(get('/probe'))).status
    assert.equal(status, 504)
    for (const client of busy) client.reset()
    rig.target.behave = answers()
    for (let i = 0; i < 10; i++) assert.equal((await rig.ask(get('/next'))).status, 200)
    assert.ok(rig.target.requests.every((request) => request.target !== '/gone'))
  })
})

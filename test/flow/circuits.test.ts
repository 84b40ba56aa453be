/** What an upstream's circuit_breaker and fallback do for its clients, over all workers. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { answers } from '../kit/behaviours.ts'
import { connectToAll, openTwoWorkers, statusOf } from '../kit/both-workers.ts'
import { until } from '../kit/command.ts'
import { openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { freePort } from '../kit/ports.ts'
import { ask, connect, get } from '../kit/raw-client.ts'
import { type Behaviour, type Call, openTarget, type TestTarget } from '../kit/test-target.ts'

const opened: TestTarget[] = []
after(() => Promise.all(opened.map((target) => target.close())))

async function target(behave: Behaviour): Promise<TestTarget> {
  const made = await openTarget(behave)
  opened.push(made)
  return made
}

type Fields = Readonly<Record<string, unknown>>

/** One service over an upstream of one target; /none has no service. */
function config(port: number, upstream: Fields, more: readonly Fields[] = []): string {
  return kongYml({
    services: [{ name: 'one', host: 'up', retries: 0, routes: [{ name: 'all', paths: ['/one'] }] }],
    upstreams: [{ name: 'up', targets: [{ target: `127.0.0.1:${port}` }], ...upstream }, ...more],
  })
}

/** Keeps every request until it is let go, and knows how many it has had at once. */
class Keeper {
  now = 0
  most = 0
  readonly #held: (() => void)[] = []
  #isOpen = false
  readonly behave: Behaviour = async (call) => {
    this.most = Math.max(this.most, ++this.now)
    if (!this.#isOpen) await new Promise<void>((letGo) => this.#held.push(letGo))
    this.now--
    await answers('ok')(call)
  }
  letAllGo(): void {
    this.#isOpen = true
    for (const letGo of this.#held.splice(0)) letGo()
  }
}

test('never more than max_requests are at the target at once, over both workers, and all places come back', async () => {
  let now = 0
  let most = 0
  const busy = await target(async (call: Call) => {
    most = Math.max(most, ++now)
    await new Promise((resolve) => setTimeout(resolve, 2))
    now--
    await answers('ok')(call)
  })
  const gateway = await openTwoWorkers(config(busy.port, { circuit_breaker: { max_requests: 5 } }))
  try {
    const clients = await connectToAll(gateway, 24, '/none')
    const seen = new Map<number, number>()
    const run = async (i: number, leaves: boolean) => {
      for (let n = 0; n < 40; n++) {
        const status = await statusOf(clients[i]!, '/one')
        seen.set(status, (seen.get(status) ?? 0) + 1)
        if (!leaves || n % 10 !== 5) continue
        await clients[i]!.send(get('/one'))
        clients[i]!.reset()
        clients[i] = await connect({ port: gateway.port })
      }
    }
    await Promise.all(clients.map((_, i) => run(i, false)))
    assert.equal(most, 5)
    // Some clients leave while their request is under way: their place must come back too. The target works on for a
    // moment on what nobody waits for, so what it counts then is more.
    await Promise.all(clients.map((_, i) => run(i, i % 8 === 0)))
    assert.deepEqual([...seen.keys()].sort(), [200, 503])
    const keeper = new Keeper()
    await until('the last of those whose clients have left', () => now === 0)
    busy.behave = keeper.behave
    const kept = clients.slice(0, 12).map((client) => statusOf(client, '/one'))
    await until('five of them', () => keeper.now === 5)
    keeper.letAllGo()
    const statuses = (await Promise.all(kept)).sort()
    assert.deepEqual(statuses.filter((status) => status === 200).length >= 5, true)
    assert.equal(keeper.most, 5)
    for (const client of clients) client.destroy()
  } finally {
    await gateway.stop()
  }
})

test('a request above max_requests is refused with the reason', async () => {
  const keeper = new Keeper()
  const busy = await target(keeper.behave)
  const gateway = await openTwoWorkers(config(busy.port, { circuit_breaker: { max_requests: 1 } }))
  try {
    const first = ask({ port: gateway.port }, get('/one'))
    await busy.arrived()
    const refused = await ask({ port: gateway.port }, get('/one'))
    assert.equal(refused.status, 503)
    assert.match(refused.text, /the upstream is at its limit/)
    keeper.letAllGo()
    assert.equal((await first).status, 200)
    assert.equal((await ask({ port: gateway.port }, get('/one'))).status, 200)
  } finally {
    await gateway.stop()
  }
})

test('a circuit opens after its failures, says when to come back, lets its probes through and closes', async () => {
  const flaky = await target(answers('broken', [], '500 Oops'))
  const circuit_breaker = {
    consecutive_failures: 3,
    open_time: 0.3,
    half_open_requests: 2,
    success_threshold: 2,
  }
  const gateway = await openTwoWorkers(config(flaky.port, { circuit_breaker }))
  const door = { port: gateway.port }
  try {
    for (let i = 0; i < 3; i++) assert.equal((await ask(door, get('/one'))).status, 500)
    const refused = await ask(door, get('/one'))
    assert.equal(refused.status, 503)
    assert.match(refused.text, /the circuit breaker of the upstream is open/)
    assert.equal(refused.get('retry-after'), '1')
    for (let i = 0; i < 10; i++) assert.equal((await ask(door, get('/one'))).status, 503)
    assert.equal(flaky.calls.length, 3)

    const keeper = new Keeper()
    flaky.behave = keeper.behave
    flaky.forget()
    const asked: Promise<{ status: number }>[] = []
    await until('the circuit lets a probe through', async () => {
      asked.push(ask(door, get('/one')))
      await Promise.race([asked.at(-1), flaky.arrived()])
      return flaky.calls.length > 0
    })
    const more = Array.from({ length: 6 }, () => ask(door, get('/one')))
    await flaky.arrived(2)
    await until('the others are refused', async () => (await refusedOf(more)) === 5)
    assert.equal(flaky.calls.length, 2)
    keeper.letAllGo()
    assert.equal((await Promise.all([...asked, ...more])).filter(({ status }) => status === 200).length, 2)
    for (let i = 0; i < 10; i++) assert.equal((await ask(door, get('/one'))).status, 200)
    const told = (what: string) => gateway.log.filter((line) => line.includes(what)).length
    await until('the log says that it closed', () => told('a circuit has closed again') > 0)
    assert.deepEqual([told('a circuit has opened'), told('a circuit has closed again')], [1, 1])
  } finally {
    await gateway.stop()
  }
})

/** How many are answered by now, all of them refused. */
async function refusedOf(asked: readonly Promise<{ status: number }>[]): Promise<number> {
  const pending = { status: 0 }
  const all = await Promise.all(asked.map((each) => Promise.race([each, Promise.resolve(pending)])))
  return all.filter(({ status }) => status === 503).length
}

test('a probe that fails opens the circuit again', async () => {
  const broken = await target(answers('broken', [], '503 No'))
  const circuit_breaker = {
    consecutive_failures: 1,
    open_time: 0.05,
    half_open_requests: 1,
    success_threshold: 1,
  }
  const gateway = await openTwoWorkers(config(broken.port, { circuit_breaker }))
  try {
    await until('three openings', async () => {
      await ask({ port: gateway.port }, get('/one'))
      return gateway.log.filter((line) => line.includes('a circuit has opened')).length >= 3
    })
    assert.ok(broken.calls.length >= 3)
  } finally {
    await gateway.stop()
  }
})

test('the fallback serves while the upstream has no target and while its circuit is open', async () => {
  const spare = await target(answers('spare'))
  const broken = await target(answers('broken', [], '500 Oops'))
  const circuit_breaker = { consecutive_failures: 2, open_time: 60 }
  const text = kongYml({
    services: ['dead', 'broken'].map((name) => ({
      name,
      host: name,
      retries: 0,
      routes: [{ name, paths: [`/${name}`] }],
    })),
    upstreams: [
      { name: 'dead', fallback: 'empty', targets: [] },
      { name: 'empty', fallback: 'spare' },
      {
        name: 'broken',
        fallback: 'spare',
        circuit_breaker,
        targets: [{ target: `127.0.0.1:${broken.port}` }],
      },
      { name: 'spare', targets: [{ target: `127.0.0.1:${spare.port}` }] },
    ],
  })
  const gateway = await openTwoWorkers(text)
  const door = { port: gateway.port }
  try {
    for (let i = 0; i < 4; i++) assert.equal((await ask(door, get('/dead'))).text, 'spare')
    for (let i = 0; i < 2; i++) assert.equal((await ask(door, get('/broken'))).text, 'broken')
    for (let i = 0; i < 6; i++) {
      const answer = await ask(door, get('/broken'))
      assert.deepEqual([answer.text, answer.get('retry-after')], ['spare', undefined])
    }
    assert.equal(broken.calls.length, 2)
  } finally {
    await gateway.stop()
  }
})

test('no more than max_connections are opened; who finds none waits, and the wait is bounded', async () => {
  const keeper = new Keeper()
  const slow = await target(keeper.behave)
  const circuit_breaker = { max_connections: 2, max_pending_requests: 3 }
  const gateway = await openGateway({ config: config(slow.port, { circuit_breaker }) })
  const door = { port: gateway.port }
  try {
    const served = [ask(door, get('/one')), ask(door, get('/one'))]
    await slow.arrived(2)
    const more = Array.from({ length: 8 }, () => ask(door, get('/one')))
    await until('five are refused', async () => (await refusedOf(more)) === 5)
    assert.equal(slow.open, 2)
    keeper.letAllGo()
    const statuses = (await Promise.all([...served, ...more])).map(({ status }) => status)
    assert.equal(statuses.filter((status) => status === 200).length, 5)
    assert.equal(slow.connections, 2)
    for (let i = 0; i < 10; i++) assert.equal((await ask(door, get('/one'))).status, 200)
  } finally {
    await gateway.stop()
  }
})

test('connections that targets close make room for others', async () => {
  const closing = await target(answers('ok', ['Connection: close']))
  const gateway = await openGateway({
    config: config(closing.port, { circuit_breaker: { max_connections: 1 } }),
  })
  try {
    const all = Array.from({ length: 12 }, () => ask({ port: gateway.port }, get('/one')))
    for (const { status } of await Promise.all(all)) assert.equal(status, 200)
    assert.equal(closing.connections, 12)
  } finally {
    await gateway.stop()
  }
})

test('a target that refuses connections opens the circuit, and no place is lost by it', async () => {
  const nobody = await freePort()
  const circuit_breaker = { consecutive_failures: 2, open_time: 60, max_requests: 1, max_pending_requests: 1 }
  const gateway = await openGateway({ config: config(nobody, { circuit_breaker }) })
  try {
    const statuses: number[] = []
    for (let i = 0; i < 4; i++) statuses.push((await ask({ port: gateway.port }, get('/one'))).status)
    assert.deepEqual(statuses, [502, 502, 503, 503])
  } finally {
    await gateway.stop()
  }
})

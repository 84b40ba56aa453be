/** A service's retry policy, seen from both ends: what the client gets, and how often targets were asked. */
import assert from 'node:assert/strict'
import { after, before, beforeEach } from 'node:test'
import { answers, echoes, neverAnswers, pause, resetsUnanswered, sends } from '../kit/behaviours.ts'
import { type Case, eachEngine } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import { freePort } from '../kit/ports.ts'
import { get } from '../kit/raw-client.ts'
import { type Behaviour, openTarget, type TestTarget } from '../kit/test-target.ts'

const nobody = await freePort()
let second: TestTarget
before(async () => {
  second = await openTarget(answers('second'))
})
after(() => second?.close())
beforeEach(() => {
  second.behave = answers('second')
  second.forget()
})

type Policy = Readonly<Record<string, unknown>>

const AT_ONCE = { base_interval: 0, max_interval: 0 }

function config(port: number): string {
  const service = (name: string, host: string, retries: number, policy: Policy) => ({
    name,
    host,
    retries,
    routes: [{ name, paths: [`/${name}`], strip_path: false }],
    retry_policy: { back_off: AT_ONCE, ...policy },
  })
  const upstream = (name: string, ports: readonly number[], more: Policy = {}) => ({
    name,
    targets: ports.map((one) => ({ target: `127.0.0.1:${one}` })),
    ...more,
  })
  return kongYml({
    services: [
      service('gateway-errors', 'single', 2, { retry_on: ['gateway-error'] }),
      service('after-a-pause', 'single', 2, {
        retry_on: ['5xx'],
        back_off: { base_interval: 5, max_interval: 10 },
      }),
      service('codes', 'single', 2, {
        retry_on: ['retriable-4xx', 'retriable-status-codes'],
        retriable_status_codes: [429],
      }),
      service('acts-twice', 'single', 2, {
        retry_on: ['reset', 'gateway-error'],
        retry_non_idempotent: true,
      }),
      service('dead-first', 'half-dead', 5, { retry_on: ['connect-failure'] }),
      service('slow-first', 'both', 1, { retry_on: ['timeout'], per_try_timeout: 150 }),
      service('slow', 'single', 1, { retry_on: ['timeout'], per_try_timeout: 100 }),
      service('no-budget', 'no-retries', 5, { retry_on: ['gateway-error'] }),
    ],
    upstreams: [
      upstream('single', [port]),
      upstream('half-dead', [nobody, second.port]),
      upstream('both', [port, second.port]),
      upstream('no-retries', [port], {
        circuit_breaker: { retry_budget: { budget_percent: 0, min_retry_concurrency: 0 } },
      }),
    ],
  })
}

/** Answers 503 so many times, then as told. */
function busy(times: number, then: Behaviour, status = '503 Busy'): Behaviour {
  let left = times
  return (call) => (left-- > 0 ? answers('busy', ['Retry-After: 1'], status)(call) : then(call))
}

const send = (method: string, path: string, body: string) =>
  `${method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`

for (const pipelining of ['0', '1'])
  eachEngine(
    `retry policies${pipelining === '1' ? ', pipelined' : ''}`,
    { config, env: { SLUICE_UPSTREAM_PIPELINING: pipelining } },
    checkPolicies,
  )

function checkPolicies(check: Case): void {
  for (const path of ['/gateway-errors', '/after-a-pause'])
    check(`503, 503, 200 is a 200 to the client (${path})`, async (rig) => {
      rig.target.behave = busy(2, answers('fine'))
      const answer = await rig.ask(get(path))
      assert.deepEqual([answer.status, answer.text], [200, 'fine'])
      assert.equal(answer.head.includes('Retry-After'), false)
      assert.equal(rig.target.requests.length, 3)
    })

  check('a third 503 is the answer, with its body and fields', async (rig) => {
    rig.target.behave = busy(3, answers('fine'))
    const answer = await rig.ask(get('/gateway-errors'))
    assert.deepEqual([answer.firstLine, answer.text], ['HTTP/1.1 503 Busy', 'busy'])
    assert.match(answer.head, /Retry-After: 1/)
    assert.equal(rig.target.requests.length, 3)
  })

  check('a status that the policy does not name is an answer at once', async (rig) => {
    rig.target.behave = answers('broken', [], '500 Broken')
    assert.equal((await rig.ask(get('/gateway-errors'))).status, 500)
    assert.equal(rig.target.requests.length, 1)
  })

  for (const status of ['409 Conflict', '429 Slow down'])
    check(`${status} is tried again where the policy names it`, async (rig) => {
      rig.target.behave = busy(1, answers('fine'), status)
      assert.equal((await rig.ask(get('/codes'))).text, 'fine')
    })

  check('a failure that the policy does not name is not tried again', async (rig) => {
    rig.target.behave = resetsUnanswered
    assert.equal((await rig.ask(get('/codes'))).status, 502)
    // The first may have found a kept connection, whose death is no try.
    const tries = rig.target.calls.filter((call) => call.nth === 1)
    assert.equal(tries.length, 1)
  })

  check('a declined answer need not be whole, and its connection is not used again', async (rig) => {
    const half = sends('HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nabc')
    rig.target.behave = (call) => (rig.target.calls.length === 1 ? half(call) : answers('fine')(call))
    assert.equal((await rig.ask(get('/gateway-errors'))).text, 'fine')
    const [first, next] = rig.target.calls
    assert.notEqual(first!.connection, next!.connection)
  })

  check('one connection of a client sees one answer a request, whatever was tried', async (rig) => {
    const client = await rig.connect()
    for (let i = 0; i < 5; i++) {
      rig.target.behave = busy(i % 3, answers(`fine ${i}`))
      await client.send(get('/after-a-pause'))
      assert.equal((await client.answer()).text, `fine ${i}`)
    }
  })

  check('a body is sent again whole, also the part that comes after the first answer', async (rig) => {
    rig.target.behave = (call) => {
      if (rig.target.calls.length > 1) return echoes(call)
      call.send('HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n')
    }
    const client = await rig.connect()
    await client.send('PUT /after-a-pause HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc')
    await rig.target.arrived(2)
    await client.send('def')
    assert.equal((await client.answer()).text, 'abcdef')
  })

  check('a body too large to be kept is not sent again: the answer stands', async (rig) => {
    rig.target.behave = busy(1, echoes)
    assert.equal((await rig.ask(send('PUT', '/gateway-errors', 'x'.repeat(200_000)))).status, 503)
    assert.equal(rig.target.requests.length, 1)
  })

  check('POST is sent once, whatever came of it, unless the policy allows more', async (rig) => {
    rig.target.behave = busy(1, echoes)
    assert.equal((await rig.ask(send('POST', '/gateway-errors', 'abc'))).status, 503)
    rig.target.behave = resetsUnanswered
    assert.equal((await rig.ask(send('POST', '/gateway-errors', 'abc'))).status, 502)
    assert.equal(rig.target.requests.length, 2)
  })

  check('POST is tried again with retry_non_idempotent, after an answer and after a reset', async (rig) => {
    rig.target.behave = busy(1, echoes)
    assert.equal((await rig.ask(send('POST', '/acts-twice', 'abc'))).text, 'abc')
    let resets = 1
    rig.target.behave = (call) => (resets-- > 0 ? resetsUnanswered(call) : echoes(call))
    assert.equal((await rig.ask(send('POST', '/acts-twice', 'def'))).text, 'def')
  })

  check('POST is tried again where no connection came about: it cannot have acted', async (rig) => {
    for (let i = 0; i < 6; i++)
      assert.equal((await rig.ask(send('POST', '/dead-first', 'abc'))).text, 'second')
  })

  check('a target that hangs is left for the other when the time of the try is over', async (rig) => {
    rig.target.behave = neverAnswers
    for (let i = 0; i < 4; i++) assert.equal((await rig.ask(get('/slow-first'))).text, 'second')
    assert.ok(rig.target.requests.length > 0, 'the first target had its chance')
  })

  check('a target that hangs every time is a 504 after as many tries as there are', async (rig) => {
    rig.target.behave = neverAnswers
    assert.equal((await rig.ask(get('/slow'))).status, 504)
    assert.equal(rig.target.requests.length, 2)
  })

  check('the time of a try is that of its head, not of its body', async (rig) => {
    rig.target.behave = async (call) => {
      call.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab')
      await pause(300)
      call.send('cd')
    }
    assert.equal((await rig.ask(get('/slow'))).text, 'abcd')
    assert.equal(rig.target.requests.length, 1)
  })

  check('the time before the last try is the gateway’s, not the last target’s', async (rig) => {
    let isFirst = true
    rig.target.behave = async (call) => {
      if (isFirst) await pause(120)
      await busy(isFirst ? 1 : 0, answers('fine'))(call)
      isFirst = false
    }
    const { head } = await rig.ask(get('/gateway-errors'))
    assert.ok(Number(/X-Kong-Proxy-Latency: (\d+)/.exec(head)?.[1]) >= 100, head)
  })

  check('where the upstream’s budget allows no retry the first answer stands', async (rig) => {
    rig.target.behave = busy(1, answers('fine'))
    const answer = await rig.ask(get('/no-budget'))
    assert.deepEqual([answer.status, answer.text], [503, 'busy'])
    assert.equal(rig.target.requests.length, 1)
  })
}

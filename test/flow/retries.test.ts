/** When a request is tried again, where, and when it must not be. */
import assert from 'node:assert/strict'
import { after, before, beforeEach } from 'node:test'
import { answers, diesIdle, neverAnswers, resetsUnanswered, sendsAndResets } from '../kit/behaviours.ts'
import { eachEngine } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import { freePort } from '../kit/ports.ts'
import { get } from '../kit/raw-client.ts'
import { openTarget, type TestTarget } from '../kit/test-target.ts'

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

function config(port: number): string {
  const service = (name: string, host: string, retries: number) => ({
    name,
    host,
    retries,
    read_timeout: 300,
    routes: [{ name, paths: [`/${name}`], strip_path: false }],
  })
  const upstream = (name: string, ...ports: readonly number[]) => ({
    name,
    targets: ports.map((one) => ({ target: `127.0.0.1:${one}` })),
  })
  return kongYml({
    services: [
      service('dead-first', 'half-dead', 5),
      service('two', 'both', 1),
      service('one', 'single', 2),
      service('none', 'single', 0),
    ],
    upstreams: [
      upstream('half-dead', nobody, second.port),
      upstream('both', port, second.port),
      upstream('single', port),
    ],
  })
}

const post = (path: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`

eachEngine('retries', { config }, (check) => {
  check('a target that refuses is passed over for another, so no client notices', async (rig) => {
    for (let i = 0; i < 10; i++) assert.equal((await rig.ask(get('/dead-first'))).text, 'second')
    for (let i = 0; i < 10; i++) assert.equal((await rig.ask(post('/dead-first', 'abc'))).text, 'second')
    assert.equal(second.last.text, 'abc')
  })

  check('a reset before any answer is tried again on the other target', async (rig) => {
    rig.target.behave = resetsUnanswered
    for (let i = 0; i < 6; i++) assert.equal((await rig.ask(get('/two'))).text, 'second')
    assert.ok(rig.target.requests.length > 0, 'the first target had its chance')
  })

  check('a time-out before any answer is tried again on the other target', async (rig) => {
    rig.target.behave = neverAnswers
    for (let i = 0; i < 3; i++) assert.equal((await rig.ask(get('/two'))).text, 'second')
  })

  check('`retries` bounds the tries', async (rig) => {
    rig.target.behave = resetsUnanswered
    assert.equal((await rig.ask(get('/one'))).status, 502)
    assert.equal(rig.target.requests.length, 3)
  })

  check('`retries: 0` means one try', async (rig) => {
    rig.target.behave = resetsUnanswered
    assert.equal((await rig.ask(get('/none'))).status, 502)
    assert.equal(rig.target.requests.length, 1)
  })

  for (const method of ['POST', 'PATCH', 'LOCK'])
    check(`${method} is not sent twice once it was sent`, async (rig) => {
      rig.target.behave = resetsUnanswered
      const answer = await rig.ask(`${method} /one HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc`)
      assert.equal(answer.status, 502)
      assert.equal(rig.target.requests.length, 1)
    })

  for (const method of ['HEAD', 'OPTIONS', 'DELETE'])
    check(`${method} is tried again`, async (rig) => {
      rig.target.behave = resetsUnanswered
      assert.equal((await rig.ask(`${method} /one HTTP/1.1\r\nHost: a\r\n\r\n`, method)).status, 502)
      assert.equal(rig.target.requests.length, 3)
    })

  check('PUT is tried again with the same body', async (rig) => {
    rig.target.behave = resetsUnanswered
    const answer = await rig.ask('PUT /two HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc')
    const again = await rig.ask('PUT /two HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc')
    assert.deepEqual([answer.text, again.text], ['second', 'second'])
    assert.deepEqual(
      second.requests.map((request) => request.text),
      ['abc', 'abc'],
    )
  })

  check('an answer that began is never tried again', async (rig) => {
    rig.target.behave = sendsAndResets('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')
    const client = await rig.connect()
    await client.send(get('/one'))
    const answer = await client.answer()
    assert.equal(answer.whole, false)
    assert.equal(rig.target.requests.length, 1)
  })

  check('half an answer head is a 502 and not tried again', async (rig) => {
    rig.target.behave = sendsAndResets('HTTP/1.1 200 OK\r\nContent-Le')
    assert.equal((await rig.ask(get('/one'))).status, 502)
    assert.equal(rig.target.requests.length, 1)
  })

  for (const status of ['500 Broken', '503 Busy', '429 Slow down'])
    check(`${status} is an answer and never tried again`, async (rig) => {
      rig.target.behave = answers('no', [], status)
      assert.equal((await rig.ask(get('/one'))).firstLine, `HTTP/1.1 ${status}`)
      assert.equal(rig.target.requests.length, 1)
    })

  check('a kept connection that the target closes meanwhile costs no client its answer', async (rig) => {
    rig.target.behave = diesIdle()
    const client = await rig.connect()
    for (let i = 0; i < 20; i++) {
      await client.send(get('/none'))
      assert.equal((await client.answer()).status, 200, `request ${i}`)
    }
  })

  check('a POST on a connection that died idle is never answered by sending it twice', async (rig) => {
    rig.target.behave = diesIdle()
    const bodies = Array.from({ length: 10 }, (_, i) => `body-${i}`)
    for (const body of bodies) await rig.ask(post('/none', body))
    const seen = rig.target.requests.filter((request) => request.whole).map((request) => request.text)
    assert.deepEqual(
      seen,
      bodies.filter((body) => seen.includes(body)),
      'each at most once, in order',
    )
  })
})

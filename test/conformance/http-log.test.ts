/** What receivers, clients and the operator see of http-log, on both engines, while receivers fail in every way. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { answers, neverAnswers, resetsUnanswered } from '../kit/behaviours.ts'
import { sluice, until } from '../kit/command.ts'
import { eachEngine, type Rig } from '../kit/each-engine.ts'
import { openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { samplesOf, scrape } from '../kit/metrics.ts'
import { freePort } from '../kit/ports.ts'
import { openTarget, type TestTarget } from '../kit/test-target.ts'

let receiver: TestTarget | null = null
let other: TestTarget | null = null
const deadPort = await freePort()

before(async () => {
  receiver = await openTarget(answers('taken'))
  other = await openTarget(answers('taken'))
})
after(() => Promise.all([receiver?.close(), other?.close()]))
beforeEach(() => {
  for (const target of [receiver!, other!]) {
    target.behave = answers('taken')
    target.forget()
  }
})

const place = (port: number, path = '/in') => `http://me:s3cret@127.0.0.1:${port}${path}`

function config(port: number): string {
  const log = (fields: object) => ({ name: 'http-log', config: fields })
  const routes = [
    {
      name: 'single',
      plugins: [
        log({
          http_endpoint: place(receiver!.port, '/token-t0k3n'),
          headers: { 'X-Api-Key': 'k' },
          custom_fields: { tenant: '$(headers["x-tenant"])' },
        }),
      ],
    },
    {
      name: 'batch',
      plugins: [
        log({
          http_endpoint: place(other!.port, '/batch'),
          queue: { max_batch_size: 10, max_coalescing_delay: 0.2 },
        }),
      ],
    },
    {
      name: 'dead',
      plugins: [
        log({ http_endpoint: `http://127.0.0.1:${deadPort}/`, queue: { max_retry_time: 0.1 } }),
        { name: 'key-auth', config: { anonymous: 'nobody' } },
      ],
    },
    {
      name: 'rude',
      plugins: [
        log({
          http_endpoint: place(other!.port, '/rude'),
          timeout: 200,
          queue: { max_retry_time: 60, max_retry_delay: 0.05, max_batch_size: 100 },
        }),
      ],
    },
  ].map((route) => ({ ...route, paths: [`/${route.name}`] }))
  const service = { name: 'target', host: '127.0.0.1', port, protocol: 'http', routes }
  return kongYml({ services: [service], consumers: [{ username: 'nobody' }] })
}

const get = (path: string, lines = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`

eachEngine('http-log', { config }, (check) => {
  check("each request is posted as Kong's object, with the fields that are configured", async (rig) => {
    assert.equal((await rig.ask(get('/single/a?b=1', 'X-Tenant: acme\r\n'))).status, 200)
    const call = await receiver!.arrived()
    await call.body()
    const { request } = call
    assert.equal(request.firstLine, 'POST /token-t0k3n HTTP/1.1')
    assert.equal(request.get('authorization'), `Basic ${Buffer.from('me:s3cret').toString('base64')}`)
    assert.equal(request.get('x-api-key'), 'k')
    assert.equal(request.get('content-type'), 'application/json')
    const record = JSON.parse(request.text)
    assert.equal(record.request.uri, '/single/a?b=1')
    assert.equal(record.response.status, 200)
    assert.equal(record.service.name, 'target')
    assert.equal(record.route.name, 'single')
    assert.equal(record.tenant, 'acme')
  })

  check('with batches each record is in one array, once', async (rig) => {
    for (let i = 0; i < 25; i++) await rig.ask(get(`/batch/${i}`))
    await until('all are here', () => urisAt(other!).length >= 25)
    assert.deepEqual(
      urisAt(other!),
      [...Array(25).keys()].map((i) => `/batch/${i}`),
    )
    assert.ok(other!.calls.length < 25)
  })

  check(
    'a receiver that is down costs its own records, counted and said; requests and others go on',
    async (rig) => {
      for (let i = 0; i < 20; i++) {
        assert.equal((await rig.ask(get('/dead'))).status, 200)
        assert.equal((await rig.ask(get(`/single/${i}`))).status, 200)
      }
      await until('the others are here', () => urisAt(receiver!).length === 20)
      const lost = `sluice_log_lost_total{sink="http-log 127.0.0.1:${deadPort}",why="retries over"}`
      await until('they are counted', async () => (await samplesOf(rig.gateway)).get(lost) === 20)
      const said = rig.gateway.log.filter((line) => line.includes('retries over'))
      assert.equal(said.length, 1)
      assert.match(said[0]!, /ECONNREFUSED/)
    },
  )

  check(
    'a receiver that resets, never answers or answers 500 loses nothing that it takes later',
    async (rig) => {
      for (const behave of [resetsUnanswered, neverAnswers, answers('no', [], '500 Internal Server Error')]) {
        other!.forget()
        other!.behave = behave
        for (let i = 0; i < 5; i++) assert.equal((await rig.ask(get(`/rude/${i}`))).status, 200)
        await until('it has failed', () => other!.calls.length >= 2)
        const failed = other!.calls.length
        other!.behave = answers('taken')
        await until('all are here', () => new Set(urisAt(other!, failed)).size === 5)
      }
      const delivered = await figureOf(rig, 'sluice_log_delivered_total', other!.port)
      await until('none waits', async () => (await figureOf(rig, 'sluice_log_waiting', other!.port)) === 0)
      assert.ok(delivered > 0)
    },
  )

  check('neither the log nor the metrics show a password, or a path that may be a token', async (rig) => {
    receiver!.behave = answers('no', [], '401 Unauthorized')
    await rig.ask(get('/single'))
    await until('the log says so', () => rig.gateway.log.some((line) => line.includes('answered 401')))
    const shown = rig.gateway.log.join('\n') + (await scrape(rig.gateway))
    assert.doesNotMatch(shown, /s3cret|t0k3n|bWU6/)
    receiver!.behave = answers('taken')
  })
})

test('a reload leaves the sink open, and a stop delivers what waits', async (t) => {
  const target = await openTarget(answers('ok'))
  t.after(() => target.close())
  const http_endpoint = `http://127.0.0.1:${receiver!.port}/stop`
  const queue = { max_batch_size: 1000, max_coalescing_delay: 600 }
  const service = { name: 's', host: '127.0.0.1', port: target.port, protocol: 'http' }
  const yml = kongYml({
    services: [{ ...service, routes: [{ name: 'r', paths: ['/'] }] }],
    plugins: [{ name: 'http-log', config: { http_endpoint, queue } }],
  })
  const gateway = await openGateway({ config: yml, env: { SLUICE_WORKERS: '2', SLUICE_DRAIN_MS: '10000' } })
  t.after(() => gateway.stop())
  const ask = async () => (await fetch(`http://127.0.0.1:${gateway.port}/x`)).text()
  for (let i = 0; i < 10; i++) await ask()
  gateway.signal('SIGHUP')
  await until('it is loaded anew', () =>
    gateway.log.some((line) => line.includes('the configuration was reloaded')),
  )
  for (let i = 0; i < 10; i++) await ask()
  assert.equal(receiver!.calls.length, 0)
  assert.equal(await gateway.stop(), 0)
  assert.equal(urisAt(receiver!).length, 20)
})

test('a configuration with Lua, or with a header that is not its to set, is refused and says why', async () => {
  const refusal = async (fields: object) => {
    const http_endpoint = 'http://127.0.0.1:1'
    const text = kongYml({ plugins: [{ name: 'http-log', config: { http_endpoint, ...fields } }] })
    const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'))
    writeFileSync(join(folder, 'kong.yml'), text)
    const ran = await sluice(['check', join(folder, 'kong.yml')])
    rmSync(folder, { recursive: true })
    assert.notEqual(ran.code, 0)
    return ran.out + ran.err
  }
  assert.match(await refusal({ custom_fields_by_lua: { a: 'return nil' } }), /custom_fields/)
  assert.match(await refusal({ headers: { Host: 'x' } }), /cannot contain 'Host' header/)
})

/** Of records whose request is here whole, from the call with this number on. */
function urisAt(target: TestTarget, from = 0): string[] {
  return target.calls.slice(from).flatMap(({ request }) => {
    if (request.text === '') return []
    const records = [JSON.parse(request.text)].flat() as { request: { uri: string } }[]
    return records.map((record) => record.request.uri)
  })
}

async function figureOf(rig: Rig, name: string, port: number): Promise<number> {
  return (await samplesOf(rig.gateway)).get(`${name}{sink="http-log 127.0.0.1:${port}"}`) ?? -1
}

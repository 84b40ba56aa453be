/** What a plugin with a defect can do: fail its own request. The others go on, and the log names it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { until } from '../kit/command.ts'
import { eachEngine, type Rig } from '../kit/each-engine.ts'
import { type Engine, engineMissing, type Gateway, openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { ask, get } from '../kit/raw-client.ts'

const PLUGINS = fileURLToPath(new URL('../fixtures/plugins', import.meta.url))
const WAIT_MS = 300

function config(port: number): string {
  const routes = [{ name: 'all', paths: ['/'] }]
  return kongYml({
    services: [{ name: 'target', host: '127.0.0.1', port, routes }],
    plugins: [{ name: 'faulty' }],
  })
}

function fault(rig: Rig, what: string, path = '/') {
  return rig.ask(get(path, `X-Fault: ${what}`))
}

async function failuresOf(gateway: Gateway): Promise<number> {
  const metrics = await fetch(`http://127.0.0.1:${gateway.statusPort}/metrics`)
  return Number(/^sluice_plugin_failures_total (\d+)$/m.exec(await metrics.text())?.[1] ?? -1)
}

/** The log says all of `words` in one line. */
function isTold(gateway: Gateway, ...words: readonly string[]): boolean {
  return gateway.log.some((line) => words.every((word) => line.includes(word)))
}

function told(gateway: Gateway, ...words: readonly string[]): Promise<void> {
  return until(words.join(' … '), () => isTold(gateway, ...words))
}

const env = { SLUICE_PLUGINS_DIR: PLUGINS, SLUICE_PLUGIN_WAIT_MS: String(WAIT_MS) }

eachEngine('plugins with defects', { config, env }, (check) => {
  for (const [step, status] of [
    ['rewrite', 500],
    ['request', 500],
    ['response', 200],
    ['body', 200],
    ['log', 200],
  ] as const)
    for (const thrown of ['throw', 'throw-null'] as const)
      check(
        `${thrown} in the ${step} step is answered with ${status}, counted, and told by name`,
        async (rig) => {
          const before = await failuresOf(rig.gateway)
          assert.equal((await fault(rig, `${step} ${thrown}`)).status, status)
          await told(rig.gateway, `plugin faulty failed in its ${step} step`)
          await until('the count', async () => (await failuresOf(rig.gateway)) > before)
          assert.equal((await rig.ask(get('/'))).status, 200)
        },
      )

  check('one that never resumes is answered for with 504 when its time is over', async (rig) => {
    const [stuck, other] = await Promise.all([fault(rig, 'request never'), rig.ask(get('/'))])
    assert.deepEqual([stuck.status, other.status], [504, 200])
    await told(rig.gateway, 'plugin faulty had a request wait and did not resume')
    assert.equal(rig.target.requests.length, 1, 'the request did not reach the target')
  })

  check('the same before routing', async (rig) => {
    assert.equal((await fault(rig, 'rewrite never')).status, 504)
  })

  check(
    'one that resumes before it has answered WAIT is told of, and answered for when its time is over',
    async (rig) => {
      assert.equal((await fault(rig, 'request early')).status, 504)
      await told(rig.gateway, 'a plugin resumed a request that was not waiting')
    },
  )

  check('one that resumes twice resumes its own request only, and is told of', async (rig) => {
    const answers = await Promise.all([
      fault(rig, 'request twice'),
      fault(rig, 'request never'),
      rig.ask(get('/')),
    ])
    assert.deepEqual(
      answers.map((each) => each.status),
      [200, 504, 200],
    )
    await told(rig.gateway, 'a plugin resumed a request that was not waiting')
    assert.equal(rig.target.requests.length, 2)
  })

  check('one that resumes when its request is over resumes nobody else’s', async (rig) => {
    assert.equal((await fault(rig, 'request late')).status, 504)
    assert.equal((await rig.ask(get('/'))).status, 200)
  })

  check('a promise that fails is told of with the plugin’s name, and the worker goes on', async (rig) => {
    const before = await failuresOf(rig.gateway)
    for (const step of ['request', 'response', 'log']) {
      assert.equal((await fault(rig, `${step} reject`)).status, 200)
      await told(rig.gateway, 'a promise failed', 'faulty', `rejected in ${step}`)
    }
    assert.equal((await fault(rig, 'request async')).status, 500, 'a promise is no verdict')
    await told(rig.gateway, 'a promise failed', 'rejected in an async step')
    assert.ok((await failuresOf(rig.gateway)) >= before + 5)
    assert.ok(!isTold(rig.gateway, 'a worker ended'), 'nobody died of it')
  })

  check('one that blocks the loop for more than a second is told of with plugin and step', async (rig) => {
    assert.equal((await fault(rig, 'response block')).status, 200)
    await told(rig.gateway, 'a worker was held up', 'faulty', 'response')
    assert.equal((await rig.ask(get('/'))).status, 200)
  })
})

/** Nothing is asked of a target: the answers are the gateway's own 404, which has all the steps. */
function openAlone(engine: Engine, workers: string): Promise<Gateway> {
  const more = { SLUICE_WORKERS: workers, SLUICE_WORKER_STUCK_MS: '1500' }
  return openGateway({ engine, config: kongYml({ plugins: [{ name: 'faulty' }] }), env: { ...env, ...more } })
}

for (const [step, workers] of [
  ['rewrite', '2'],
  ['log', '1'],
] as const)
  test(`an endless loop in the ${step} step ends the worker, which is replaced (${workers} workers)`, async () => {
    const gateway = await openAlone('node', workers)
    try {
      const caught = ask({ port: gateway.port }, get('/', `X-Fault: ${step} loop`)).catch(() => null)
      await told(gateway, 'a worker is stuck and is ended', '"faulty"', step)
      await told(gateway, 'a worker ended and is replaced')
      await caught
      const isServed = () => ask({ port: gateway.port }, get('/')).then((answer) => answer.status === 404)
      await until('the replacement', () => isServed().catch(() => false))
      for (let i = 0; i < 10; i++) assert.equal(await isServed(), true)
      assert.equal(gateway.alive, true)
    } finally {
      await gateway.stop()
    }
  })

const uwsMissing = engineMissing('uws')

test('uws cannot replace a worker that is stuck: the gateway says why and ends, to be started again', {
  skip: uwsMissing === '' ? false : uwsMissing,
}, async () => {
  const gateway = await openAlone('uws', '2')
  try {
    const caught = ask({ port: gateway.port }, get('/', 'X-Fault: response loop')).catch(() => null)
    assert.equal(await gateway.exited(), 'SIGKILL')
    await caught
    await told(gateway, 'a worker is stuck and is ended', '"faulty"', 'response')
    await told(gateway, 'the engine uws cannot replace a worker that is stuck')
  } finally {
    await gateway.stop()
  }
})

/** Traffic tells which targets are well, and what one worker learns all of them know. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { answers, neverAnswers, resetsUnanswered } from '../kit/behaviours.ts'
import { connectToAll, openTwoWorkers, statusOf } from '../kit/both-workers.ts'
import { until } from '../kit/command.ts'
import { kongYml } from '../kit/kong-config.ts'
import { ask, get } from '../kit/raw-client.ts'
import { type Behaviour, openTarget, type TestTarget } from '../kit/test-target.ts'

const opened: TestTarget[] = []
after(() => Promise.all(opened.map((target) => target.close())))

async function target(behave: Behaviour): Promise<TestTarget> {
  const made = await openTarget(behave)
  opened.push(made)
  return made
}

function config(
  ports: readonly number[],
  unhealthy: Readonly<Record<string, unknown>>,
  threshold = 0,
): string {
  return kongYml({
    services: [
      { name: 'one', host: 'up', retries: 0, read_timeout: 300, routes: [{ name: 'all', paths: ['/one'] }] },
    ],
    upstreams: [
      {
        name: 'up',
        healthchecks: { threshold, passive: { unhealthy } },
        targets: ports.map((port) => ({ target: `127.0.0.1:${port}` })),
      },
    ],
  })
}

test('after exactly http_failures bad answers a target gets no traffic, from neither worker', async () => {
  const bad = await target(answers('bad', [], '500 Oops'))
  const good = await target(answers('good'))
  const gateway = await openTwoWorkers(config([bad.port, good.port], { http_failures: 5 }))
  try {
    const clients = await connectToAll(gateway, 6, '/none')
    const statuses: number[] = []
    for (let round = 0; round < 10; round++)
      for (const client of clients) statuses.push(await statusOf(client, '/one'))
    assert.equal(bad.calls.length, 5)
    assert.equal(statuses.filter((status) => status === 500).length, 5)
    assert.equal(good.calls.length, statuses.length - 5)
    const told = () => gateway.log.filter((line) => line.includes('a target is unhealthy')).length
    await until('the log says so', () => told() > 0)
    assert.equal(told(), 1)
    for (const client of clients) client.destroy()
  } finally {
    await gateway.stop()
  }
})

test('lost connections and time-outs are counted each by their own limit', async () => {
  for (const [behave, unhealthy, status] of [
    [resetsUnanswered, { tcp_failures: 2 }, 502],
    [neverAnswers, { timeouts: 2 }, 504],
  ] as const) {
    const bad = await target(behave)
    const good = await target(answers('good'))
    const gateway = await openTwoWorkers(config([bad.port, good.port], unhealthy))
    try {
      const statuses: number[] = []
      for (let i = 0; i < 12; i++) statuses.push((await ask({ port: gateway.port }, get('/one'))).status)
      assert.equal(statuses.filter((each) => each === status).length, 2)
      assert.equal(bad.calls.length, 2)
    } finally {
      await gateway.stop()
    }
  }
})

test('an upstream serves only while more of its weight than the threshold is usable', async () => {
  const bad = await target(answers('bad', [], '500 Oops'))
  const good = await target(answers('good'))
  const gateway = await openTwoWorkers(config([bad.port, good.port], { http_failures: 1 }, 50))
  try {
    let status = 200
    for (let i = 0; i < 10 && status === 200; i++)
      ({ status } = await ask({ port: gateway.port }, get('/one')))
    assert.equal(status, 500)
    const refused = await ask({ port: gateway.port }, get('/one'))
    assert.equal(refused.status, 503)
    assert.match(refused.text, /failure to get a peer from the ring-balancer/)
  } finally {
    await gateway.stop()
  }
})

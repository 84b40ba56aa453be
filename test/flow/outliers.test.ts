/** A target that keeps failing is ejected for a while and comes back, for all workers. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { answers } from '../kit/behaviours.ts'
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

function config(ports: readonly number[], outlier_detection: Readonly<Record<string, unknown>>): string {
  return kongYml({
    services: [{ name: 'one', host: 'up', retries: 0, routes: [{ name: 'all', paths: ['/one'] }] }],
    upstreams: [
      { name: 'up', outlier_detection, targets: ports.map((port) => ({ target: `127.0.0.1:${port}` })) },
    ],
  })
}

test('a target that answers 500 in a row is ejected from both workers, and comes back after its time', async () => {
  const bad = await target(answers('bad', [], '500 Oops'))
  const good = await target(answers('good'))
  const outlier_detection = {
    consecutive_5xx: 3,
    interval: 0.1,
    base_ejection_time: 1,
    max_ejection_percent: 50,
    panic_threshold: 0,
  }
  const gateway = await openTwoWorkers(config([bad.port, good.port], outlier_detection))
  try {
    const clients = await connectToAll(gateway, 6, '/none')
    for (let round = 0; round < 4; round++) for (const client of clients) await statusOf(client, '/one')
    assert.equal(bad.calls.length, 3)
    bad.behave = answers('well again')
    await until(
      'it is back',
      async () => (await ask({ port: gateway.port }, get('/one'))).text === 'well again',
    )
    await until('the log says so', () => gateway.log.some((line) => line.includes('a target is ejected')))
    const told = gateway.log.filter((line) => line.includes('a target is ejected'))
    assert.equal(told.length, 1)
    assert.match(told[0]!, /consecutive_5xx/)
    for (const client of clients) client.destroy()
  } finally {
    await gateway.stop()
  }
})

test('when too few are left, all targets get traffic', async () => {
  const bad = await target(answers('bad', [], '500 Oops'))
  const good = await target(answers('good'))
  const outlier_detection = { consecutive_5xx: 1, max_ejection_percent: 50, panic_threshold: 60 }
  const gateway = await openTwoWorkers(config([bad.port, good.port], outlier_detection))
  try {
    for (let i = 0; i < 12; i++) await ask({ port: gateway.port }, get('/one'))
    assert.ok(bad.calls.length >= 5, `${bad.calls.length}`)
  } finally {
    await gateway.stop()
  }
})

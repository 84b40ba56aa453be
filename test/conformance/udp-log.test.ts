/** What a receiver of datagrams and the operator see of udp-log, on both engines. */
import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { after, before, beforeEach } from 'node:test'
import { until } from '../kit/command.ts'
import { eachEngine } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import { samplesOf } from '../kit/metrics.ts'

let messages: string[] = []
const socket = dgram.createSocket('udp4')
socket.on('message', (bytes) => messages.push(bytes.toString()))

before(() => new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve)))
after(() => socket.close())
beforeEach(() => {
  messages = []
})

function config(port: number): string {
  const { port: to } = socket.address()
  const big = 'x'.repeat(70_000)
  const routes = [
    { name: 'good', paths: ['/good'] },
    {
      name: 'big',
      paths: ['/big'],
      plugins: [{ name: 'udp-log', config: { host: '127.0.0.1', port: to, custom_fields: { big } } }],
    },
  ]
  return kongYml({
    plugins: [{ name: 'udp-log', config: { host: 'localhost', port: to } }],
    services: [{ name: 'target', host: '127.0.0.1', port, protocol: 'http', routes }],
  })
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`

// A name for one sink and an address for the other, so that metrics tell them apart.
eachEngine('udp-log', { config, env: { NODE_OPTIONS: '--dns-result-order=ipv4first' } }, (check) => {
  check("each request is a datagram of Kong's JSON, without a newline", async (rig) => {
    for (let i = 0; i < 5; i++) await rig.ask(get(`/good/${i}`))
    await until('all are here', () => messages.length === 5)
    const records = messages.map((text) => JSON.parse(text))
    assert.deepEqual(
      records.map((record) => record.request.uri),
      [...Array(5).keys()].map((i) => `/good/${i}`),
    )
    assert.equal(records[0].route.name, 'good')
    assert.ok(messages.every((text) => text.endsWith('}')))
  })

  check(
    'a record that is too large for a datagram is counted, and the request and others go on',
    async (rig) => {
      for (let i = 0; i < 3; i++) assert.equal((await rig.ask(get('/big'))).status, 200)
      assert.equal((await rig.ask(get('/good'))).status, 200)
      await until('the other is here', () => messages.length === 1)
      const lost = `sluice_log_lost_total{sink="udp-log 127.0.0.1:${socket.address().port}",why="too large"}`
      await until('they are counted', async () => (await samplesOf(rig.gateway)).get(lost) === 3)
      const isSaid = (line: string) => line.includes('too large')
      await until('it is said', () => rig.gateway.log.some(isSaid))
      assert.equal(rig.gateway.log.filter(isSaid).length, 1)
    },
  )
})

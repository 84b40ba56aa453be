/** What a receiver of lines and the operator see of tcp-log, on both engines. */
import assert from 'node:assert/strict'
import net from 'node:net'
import { after, before, beforeEach } from 'node:test'
import { until } from '../kit/command.ts'
import { eachEngine } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import { samplesOf } from '../kit/metrics.ts'

let lines: string[] = []
let rests: string[] = []
/** Cuts each connection behind its first line. */
let isRude = false
const sockets = new Set<net.Socket>()
const server = net.createServer((socket) => {
  sockets.add(socket)
  let rest = ''
  socket.on('error', () => {}) // its end is what counts
  socket.setEncoding('utf8').on('data', (text: string) => {
    const pieces = (rest + text).split('\n')
    rest = pieces.pop() ?? ''
    lines.push(...pieces)
    if (isRude) socket.resetAndDestroy()
  })
  socket.on('close', () => {
    sockets.delete(socket)
    rests.push(rest)
  })
})

before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
after(() => {
  for (const socket of sockets) socket.destroy()
  server.close()
})
beforeEach(() => {
  isRude = false
  lines = []
  rests = []
})

const portOf = () => (server.address() as net.AddressInfo).port // it listens on a port

function config(port: number): string {
  const log = (to: number) => [{ name: 'tcp-log', config: { host: '127.0.0.1', port: to } }]
  const routes = [
    { name: 'good', paths: ['/good'], plugins: log(portOf()) },
    { name: 'dead', paths: ['/dead'], plugins: log(1) },
  ]
  return kongYml({ services: [{ name: 'target', host: '127.0.0.1', port, protocol: 'http', routes }] })
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const uris = () => lines.map((line) => JSON.parse(line).request.uri as string)

eachEngine('tcp-log', { config }, (check) => {
  check("each request is a line of Kong's JSON", async (rig) => {
    for (let i = 0; i < 20; i++) await rig.ask(get(`/good/${i}`))
    await until('all are here', () => lines.length === 20)
    assert.deepEqual(
      uris(),
      [...Array(20).keys()].map((i) => `/good/${i}`),
    )
    const record = JSON.parse(lines[0]!)
    assert.deepEqual([record.route.name, record.response.status, record.source], ['good', 200, 'upstream'])
  })

  check(
    'a receiver that is down harms no request and no other receiver, and its records wait',
    async (rig) => {
      for (let i = 0; i < 10; i++) {
        assert.equal((await rig.ask(get('/dead'))).status, 200)
        assert.equal((await rig.ask(get(`/good/${i}`))).status, 200)
      }
      await until('the others are here', () => lines.length === 10)
      const waiting = 'sluice_log_waiting{sink="tcp-log 127.0.0.1:1"}'
      await until('they are counted', async () => ((await samplesOf(rig.gateway)).get(waiting) ?? 0) >= 10)
      await until('it is said', () => rig.gateway.log.some((line) => line.includes('ECONNREFUSED')))
    },
  )

  check('after resets all lines are whole, and what comes later arrives', async (rig) => {
    isRude = true
    for (let i = 0; i < 10; i++) assert.equal((await rig.ask(get(`/good/${i}`))).status, 200)
    await until('it was reset', () => rests.length > 0)
    isRude = false
    await rig.ask(get('/good/last'))
    await until('the last is here', () => uris().includes('/good/last'))
    for (const line of lines) JSON.parse(line)
  })
})

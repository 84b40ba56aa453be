/** What a client is told when its target refuses, hangs, resets or does not exist, and that the gateway lives on. */
import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { after, before } from 'node:test'
import {
  closesUnanswered,
  drips,
  freezes,
  neverAnswers,
  pause,
  reply,
  resetsUnanswered,
} from '../kit/behaviours.ts'
import { eachEngine } from '../kit/each-engine.ts'
import { type HungPort, openHungPort } from '../kit/hung-port.ts'
import { kongYml } from '../kit/kong-config.ts'
import type { Message } from '../kit/message.ts'
import { freePort } from '../kit/ports.ts'
import { get } from '../kit/raw-client.ts'

const INVALID = 'An invalid response was received from the upstream server'
const TIMING_OUT = 'The upstream server is timing out'

function says(answer: Message, status: number, text: string): void {
  assert.equal(answer.status, status)
  assert.ok(answer.text.includes(text), answer.text)
  assert.equal(answer.whole, true)
}

const nobody = await freePort()
let hung: HungPort
let dns: Socket
const dnsPort = await freePort()

/** Answers every question with "no such name". */
async function openNoNames(port: number): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.on('message', (query, peer) => {
    const answer = Buffer.from(query)
    answer.writeUInt16BE(0x8183, 2)
    answer.fill(0, 6, 12)
    socket.send(answer, peer.port, peer.address)
  })
  socket.bind(port, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

before(async () => {
  hung = await openHungPort()
  dns = await openNoNames(dnsPort)
})
after(() => {
  hung?.close()
  dns?.close()
})

function service(name: string, fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const times = { connect_timeout: 400, read_timeout: 400, write_timeout: 400, retries: 0 }
  return { name, host: '127.0.0.1', ...times, ...fields, routes: [{ name, paths: [`/${name}`] }] }
}

function config(port: number): string {
  return kongYml({
    services: [
      service('up', { port }),
      service('slow', { port, read_timeout: 30_000 }),
      service('refused', { port: nobody }),
      service('hung', { port: hung.port }),
      service('unnamed', { host: 'nothing.invalid' }),
      service('empty', { host: 'empty-upstream' }),
      service('weightless', { host: 'weightless-upstream' }),
    ],
    upstreams: [
      { name: 'empty-upstream' },
      { name: 'weightless-upstream', targets: [{ target: `127.0.0.1:${port}`, weight: 0 }] },
    ],
  })
}

const env = { SLUICE_DNS_RESOLVER: `127.0.0.1:${dnsPort}` }

eachEngine('target faults', { config, env }, (check) => {
  check('a refused connection is a 502, and the client’s connection goes on', async (rig) => {
    const client = await rig.connect()
    for (let i = 0; i < 3; i++) {
      await client.send(get('/refused'))
      says(await client.answer(), 502, INVALID)
    }
    await client.send(get('/up'))
    assert.equal((await client.answer()).status, 200)
  })

  check('a connection that is not taken within connect_timeout is a 504', async (rig) => {
    const began = performance.now()
    says(await rig.ask(get('/hung')), 504, TIMING_OUT)
    assert.ok(performance.now() - began >= 390, 'it waits for its whole time')
  })

  check('silence for read_timeout is a 504, and the target’s connection is given up', async (rig) => {
    rig.target.behave = neverAnswers
    const began = performance.now()
    says(await rig.ask(get('/up')), 504, TIMING_OUT)
    assert.ok(performance.now() - began >= 390, 'it waits for its whole time')
    await pause(100)
    assert.equal(rig.target.open, 0)
  })

  check('read_timeout counts from byte to byte, not in total', async (rig) => {
    rig.target.behave = drips(reply('slowly'), 20)
    assert.equal((await rig.ask(get('/up'))).text, 'slowly')
  })

  check('a target that goes silent inside its answer cuts the client off, never a clean end', async (rig) => {
    rig.target.behave = async (call) => {
      await call.body()
      call.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')
      await call.reader.rest()
    }
    const client = await rig.connect()
    await client.send(get('/up'))
    const answer = await client.answer()
    assert.equal(answer.text, 'abc')
    assert.equal(answer.whole, false)
  })

  check('a target that does not read for write_timeout is a 504', async (rig) => {
    rig.target.behave = freezes
    const client = await rig.connect()
    const size = 64 * 1024 * 1024
    client.socket.write(`POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
    client.socket.write(Buffer.alloc(size))
    says(await client.answer(), 504, TIMING_OUT)
  })

  check('a target that hangs up unanswered is a 502', async (rig) => {
    rig.target.behave = closesUnanswered
    says(await rig.ask(get('/up')), 502, INVALID)
    rig.target.behave = resetsUnanswered
    says(await rig.ask(get('/up')), 502, INVALID)
  })

  check('a name that does not resolve is a 503 that says so', async (rig) => {
    says(await rig.ask(get('/unnamed')), 503, 'name resolution failed')
  })

  check('an upstream without a target that has weight is a 503', async (rig) => {
    says(await rig.ask(get('/empty')), 503, 'failure to get a peer from the ring-balancer')
    says(await rig.ask(get('/weightless')), 503, 'failure to get a peer from the ring-balancer')
    assert.deepEqual(rig.target.requests, [])
  })

  check('an error tells neither address nor port of a target', async (rig) => {
    const answer = await rig.ask(get('/refused'))
    const told = answer.head.replace(/Host: .*/i, '') + answer.text
    assert.doesNotMatch(told, new RegExp(`${nobody}|127\\.0\\.0\\.1|ECONN`))
  })
})

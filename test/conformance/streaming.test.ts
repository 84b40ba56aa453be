/** Answers that come bit by bit: server-sent events and long polls reach the client as the target sends them. */
import assert from 'node:assert/strict'
import { eachEngine, type Rig } from '../kit/each-engine.ts'
import { catchAll } from '../kit/kong-config.ts'
import { get, type RawClient } from '../kit/raw-client.ts'
import type { Call } from '../kit/test-target.ts'
import { until } from '../kit/transport-rig.ts'

const READ_TIMEOUT_MS = 3000
const EVENTS = 20
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n'

const event = (i: number) => `id: ${i}\ndata: event ${i}\n\n`

/** Bytes until the client has seen `words`; what came before them is gone. */
async function sees(client: RawClient, words: string): Promise<void> {
  let seen = ''
  while (!seen.includes(words)) {
    const some = await client.reader.some()
    assert.notEqual(some, null, `closed before ${JSON.stringify(words)}: ${JSON.stringify(seen)}`)
    seen += some!.toString('latin1')
  }
}

async function subscribe(rig: Rig): Promise<[RawClient, Call]> {
  // The test speaks for the target.
  rig.target.behave = () => new Promise<void>(() => {})
  const client = await rig.connect()
  await client.send(get('/events', 'Accept: text/event-stream'))
  return [client, await rig.target.arrived()]
}

/** Each case is to have a connection of its own, which it may leave in any state. */
const ALONE = { SLUICE_UPSTREAM_KEEPALIVE_POOL_SIZE: '0' }

eachEngine('streams of events', { env: ALONE }, (check) => {
  check('each event of a chunked answer reaches the client before the next one is sent', async (rig) => {
    const [client, call] = await subscribe(rig)
    call.send(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`)
    for (let i = 0; i < EVENTS; i++) {
      call.send(`${event(i).length.toString(16)}\r\n${event(i)}\r\n`)
      await sees(client, `data: event ${i}\n\n`)
    }
    call.send('0\r\n\r\n')
    await sees(client, '0\r\n\r\n')
  })

  check('each event of an answer that ends with its connection reaches the client at once', async (rig) => {
    const [client, call] = await subscribe(rig)
    call.send(`${HEAD}Connection: close\r\n\r\n`)
    for (let i = 0; i < EVENTS; i++) {
      call.send(event(i))
      await sees(client, `data: event ${i}\n\n`)
    }
    call.socket.end()
    await sees(client, '0\r\n\r\n')
  })

  check('the head of a stream reaches the client before its first event', async (rig) => {
    const [client, call] = await subscribe(rig)
    call.send(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`)
    await sees(client, '\r\n\r\n')
  })

  check('an event in pieces is not held back until it is whole', async (rig) => {
    const [client, call] = await subscribe(rig)
    call.send(`${HEAD}Transfer-Encoding: chunked\r\n\r\n9\r\ndata`)
    await sees(client, 'data')
    call.send(': one\r\n')
    await sees(client, ': one')
  })

  check('a client that has left takes its stream with it, by the next event at the latest', async (rig) => {
    const [client, call] = await subscribe(rig)
    call.send(`${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`)
    await sees(client, 'hello')
    client.destroy()
    let isGone = false
    void call.reader.rest().then(() => {
      isGone = true
    })
    // A client that only ends its side may still listen: the next event finds out.
    await until(() => {
      call.send('5\r\nhello\r\n')
      return isGone
    }, 'the stream has ended')
  })
})

const config = (port: number) => catchAll(port, { read_timeout: READ_TIMEOUT_MS, retries: 0 })

eachEngine('silence in streams', { env: ALONE, config }, (check) => {
  check('a long poll that stays silent less long than read_timeout is answered', async (rig) => {
    const [client, call] = await subscribe(rig)
    // Silence is what this is about; it is a tenth of what read_timeout allows.
    await new Promise((resolve) => setTimeout(resolve, READ_TIMEOUT_MS / 10))
    call.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnews')
    await sees(client, 'news')
  })

  check('a long poll that stays silent longer is answered 504', async (rig) => {
    const [client] = await subscribe(rig)
    assert.equal((await client.answer()).status, 504)
  })

  check('each event begins the silence anew; a stream that falls silent is cut, not ended', async (rig) => {
    const [client, call] = await subscribe(rig)
    const since = performance.now()
    call.send(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`)
    for (let i = 0; performance.now() - since < READ_TIMEOUT_MS * 1.5; i++) {
      call.send(`${event(i).length.toString(16)}\r\n${event(i)}\r\n`)
      await sees(client, `data: event ${i}\n\n`)
      await new Promise((resolve) => setTimeout(resolve, READ_TIMEOUT_MS / 20))
    }
    assert.doesNotMatch(await client.closed(), /0\r\n\r\n$/)
  })
})

/** Bodies on their way: early answers, peers that do not read, clients that leave, and a great many bytes. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  answers,
  answersEarly,
  freezes,
  neverAnswers,
  pause,
  pours,
  reply,
  sends,
} from '../kit/behaviours.ts'
import { eachEngine } from '../kit/each-engine.ts'
import { catchAll } from '../kit/kong-config.ts'
import { get, type RawClient } from '../kit/raw-client.ts'
import type { Call } from '../kit/test-target.ts'

const MB = 1024 * 1024
/** SLUICE_TEST_BIG=1024 streams the full gigabyte. */
const BIG = Number(process.env['SLUICE_TEST_BIG'] ?? 256) * MB
const RSS_GROWTH_MAX = 64 * MB
const BLOCK = Buffer.alloc(64 * 1024, 'abcdefghijklmnop')

/** Writes `count` bytes as fast as they are taken; false when the peer hung up first. */
async function upload(client: RawClient, count: number): Promise<boolean> {
  for (let left = count; left > 0; left -= BLOCK.length) {
    if (client.socket.destroyed) return false
    const block = left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK
    if (!client.socket.write(block))
      await Promise.race([once(client.socket, 'drain'), once(client.socket, 'close')])
  }
  return !client.socket.destroyed
}

/** Takes and counts what comes, checking nothing but the number. */
async function count(client: RawClient, bytes: number, seen: () => void = () => {}): Promise<number> {
  let got = 0
  while (got < bytes) {
    const chunk = await client.reader.some()
    if (chunk === null) break
    got += chunk.length
    seen()
  }
  return got
}

async function untilClosed(call: Call): Promise<void> {
  for (let tries = 0; !call.socket.destroyed; tries++) {
    assert.ok(tries < 200, 'the target’s connection stays open')
    await pause(20)
  }
}

const config = (port: number) => catchAll(port, { retries: 0, read_timeout: 20_000, write_timeout: 20_000 })

eachEngine('streams', { config }, (check) => {
  check('an answer that comes before the body is whole reaches the client', async (rig) => {
    rig.target.behave = answersEarly('too much')
    const client = await rig.connect()
    await client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${64 * MB}\r\n\r\n`, BLOCK)
    const answer = await client.answer()
    assert.equal(answer.status, 413)
    assert.equal(answer.text, 'too much')
  })

  check('after an early answer the rest of the body is not taken for a request', async (rig) => {
    const hidden = get('/hidden')
    rig.target.behave = async (call) => {
      call.send(reply('early'))
      await call.body()
    }
    const client = await rig.connect()
    await client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${hidden.length}\r\n\r\n`)
    assert.equal((await client.answer()).text, 'early')
    await client.send(hidden)
    client.half()
    assert.doesNotMatch(await client.closed(), /HTTP\/1\.1 200/)
    for (const request of rig.target.requests) assert.notEqual(request.target, '/hidden')
  })

  check('a client that leaves while it waits frees the target at once', async (rig) => {
    rig.target.behave = neverAnswers
    const client = await rig.connect()
    await client.send(get('/'))
    const call = await rig.target.arrived()
    client.reset()
    await untilClosed(call)
  })

  check('a client that leaves inside its answer frees the target', async (rig) => {
    rig.target.behave = pours(512 * MB)
    const client = await rig.connect()
    await client.send(get('/'))
    await count(client, MB)
    client.reset()
    await untilClosed(await rig.target.arrived())
  })

  check('a client that leaves inside its upload frees the target', async (rig) => {
    const client = await rig.connect()
    await client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${64 * MB}\r\n\r\n`, BLOCK)
    const call = await rig.target.arrived()
    client.reset()
    await call.body()
    assert.equal(call.request.whole, false)
    await untilClosed(call)
  })

  check('an upload to a target that does not read holds little memory', async (rig) => {
    rig.target.behave = freezes
    const before = rig.gateway.rss
    const clients = await Promise.all(Array.from({ length: 20 }, () => rig.connect()))
    for (const client of clients) {
      client.socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${64 * MB}\r\n\r\n`)
      for (let i = 0; i < 256; i++) client.socket.write(BLOCK)
    }
    await rig.target.arrived(20)
    await pause(500)
    const growth = rig.gateway.rss - before
    assert.ok(growth < RSS_GROWTH_MAX, `${Math.round(growth / MB)} MB more for 20 stuck uploads`)
  })

  check('a download to a client that does not read holds little memory', async (rig) => {
    rig.target.behave = pours(64 * MB)
    const before = rig.gateway.rss
    const clients = await Promise.all(Array.from({ length: 20 }, () => rig.connect()))
    for (const client of clients) {
      client.socket.pause()
      client.socket.write(get('/'))
    }
    await rig.target.arrived(20)
    await pause(500)
    const growth = rig.gateway.rss - before
    assert.ok(growth < RSS_GROWTH_MAX, `${Math.round(growth / MB)} MB more for 20 stuck downloads`)
  })

  check('a client that reads late still gets every byte', async (rig) => {
    rig.target.behave = pours(32 * MB)
    const client = await rig.connect()
    await client.send(get('/'))
    await pause(300)
    const answer = await client.answer()
    assert.equal(answer.body.length, 32 * MB)
    for (let at = 0; at < answer.body.length; at += 16) {
      if (answer.body.latin1Slice(at, at + 16) !== 'abcdefghijklmnop') assert.fail(`wrong bytes at ${at}`)
    }
  })

  check(`${BIG / MB} MB come down in bounded memory`, async (rig) => {
    rig.target.behave = pours(BIG)
    const client = await rig.connect()
    const before = rig.gateway.rss
    let peak = 0
    await client.send(get('/'))
    await client.reader.until('\r\n\r\n')
    let turn = 0
    const got = await count(client, BIG, () => {
      if (++turn % 500 === 0) peak = Math.max(peak, rig.gateway.rss)
    })
    assert.equal(got, BIG)
    assert.ok(peak - before < RSS_GROWTH_MAX, `${Math.round((peak - before) / MB)} MB more`)
  })

  check(`${BIG / MB} MB go up in bounded memory`, async (rig) => {
    let got = 0
    rig.target.behave = async (call) => {
      while (got < BIG) {
        const block = await call.reader.take(Math.min(BIG - got, MB))
        if (block.length === 0) return
        got += block.length
      }
      call.request.body = Buffer.alloc(0)
      call.send(reply(String(got), ['Connection: close']))
      call.socket.end()
      await call.reader.rest()
    }
    const client = await rig.connect()
    const before = rig.gateway.rss
    await client.send(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${BIG}\r\n\r\n`)
    let peak = 0
    const watch = setInterval(() => {
      peak = Math.max(peak, rig.gateway.rss)
    }, 50)
    try {
      assert.equal(await upload(client, BIG), true)
      assert.equal((await client.answer()).text, String(BIG))
    } finally {
      clearInterval(watch)
    }
    assert.ok(peak - before < RSS_GROWTH_MAX, `${Math.round((peak - before) / MB)} MB more`)
  })

  check('both directions of one exchange can move at once', async (rig) => {
    rig.target.behave = async (call) => {
      call.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      for (let i = 0; i < 5; i++) {
        const part = await call.reader.take(3)
        call.send(`3\r\n${part.toString('latin1').toUpperCase()}\r\n`)
      }
      call.send('0\r\n\r\n')
      call.socket.end()
      await call.reader.rest()
    }
    const client = await rig.connect()
    await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 15\r\n\r\n')
    for (let i = 0; i < 5; i++) {
      await client.send('abc')
      // What ends the head, or the chunk before, may come with the next chunk.
      await client.reader.until(i === 0 ? '\r\n\r\n' : '\r\n')
      assert.equal((await client.reader.take(6)).toString('latin1'), '3\r\nABC')
    }
  })

  check('the head of an answer does not wait for its body', async (rig) => {
    rig.target.behave = async (call) => {
      call.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      await call.reader.rest()
    }
    const client = await rig.connect()
    await client.send(get('/'))
    assert.match(String(await client.reader.until('\r\n\r\n')), /^HTTP\/1\.1 200 /)
  })

  const upgrade = ['Connection: keep-alive, Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']

  check('a request for an upgrade goes on as a plain request', async (rig) => {
    assert.equal((await rig.ask(get('/ws', ...upgrade))).status, 200)
    assert.equal(rig.target.last.firstLine, 'GET /ws HTTP/1.1')
    assert.equal(rig.target.last.get('upgrade'), undefined)
    assert.deepEqual(rig.target.last.all('connection'), ['keep-alive'])
  })

  check('a target that switches protocols is a 502, and nothing of its new protocol goes on', async (rig) => {
    const head = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'
    rig.target.behave = sends(`${head}hello`)
    const client = await rig.connect()
    await client.send(get('/ws', ...upgrade))
    const answer = await client.next()
    assert.equal(answer.status, 502)
    assert.equal(answer.get('upgrade'), undefined)
    assert.doesNotMatch(answer.text, /hello/)
    rig.target.behave = answers()
    await client.send(get('/again'))
    assert.equal((await client.answer()).text, 'ok')
  })
})

/** What is too long, too many or too slow is refused with the status that says so, and the connection is closed. */
import assert from 'node:assert/strict'
import { pause } from '../kit/behaviours.ts'
import { eachEngine } from '../kit/each-engine.ts'
import { get } from '../kit/raw-client.ts'

eachEngine('limits', {}, (check) => {
  check('a request line of 8 KiB is served, one above it is refused with 414 and closed', async (rig) => {
    assert.equal((await rig.ask(get(`/${'a'.repeat(8000)}`))).status, 200)
    rig.target.forget()
    const client = await rig.connect()
    await client.send(get(`/${'a'.repeat(9000)}`))
    assert.equal((await client.answer()).status, 414)
    assert.equal(await client.closed(), '')
    assert.deepEqual(rig.target.requests, [])
  })

  check('a request line that never ends is refused before memory is', async (rig) => {
    const client = await rig.connect()
    await client.send(`GET /${'a'.repeat(100_000)}`)
    assert.equal((await client.answer()).status, 414)
    await client.closed()
  })

  check('a head above 32 KiB is refused with 431 and closed', async (rig) => {
    const client = await rig.connect()
    await client.send(get('/', ...Array.from({ length: 40 }, (_, i) => `X-${i}: ${'v'.repeat(1000)}`)))
    const answer = await client.answer()
    assert.equal(answer.status, 431)
    assert.equal(await client.closed(), '')
    assert.deepEqual(rig.target.requests, [])
  })

  check('a head of 30 KiB is served', async (rig) => {
    const lines = Array.from({ length: 30 }, (_, i) => `X-${i}: ${'v'.repeat(1000)}`)
    assert.equal((await rig.ask(get('/', ...lines))).status, 200)
    assert.equal(rig.target.last.get('x-29'), 'v'.repeat(1000))
  })

  check('too many fields are refused with 431', async (rig) => {
    const lines = Array.from({ length: 1000 }, () => 'A: 1')
    assert.equal((await rig.ask(get('/', ...lines))).status, 431)
    assert.deepEqual(rig.target.requests, [])
  })

  check('a method that never ends is refused', async (rig) => {
    const client = await rig.connect()
    await client.send('G'.repeat(40_000))
    assert.ok([400, 414, 431].includes((await client.answer()).status))
    await client.closed()
  })

  check('a refusal is read in full even while the client is still sending', async (rig) => {
    const client = await rig.connect()
    await client.send(get('/', ...Array.from({ length: 400 }, (_, i) => `X-${i}: ${'v'.repeat(4000)}`)))
    const answer = await client.answer()
    assert.equal(answer.status, 431)
    assert.equal(answer.whole, true)
  })
})

const slow = {
  SLUICE_NGINX_HTTP_CLIENT_MAX_BODY_SIZE: '1k',
  SLUICE_NGINX_HTTP_CLIENT_HEADER_TIMEOUT: '1s',
  SLUICE_NGINX_HTTP_CLIENT_BODY_TIMEOUT: '1s',
  SLUICE_NGINX_HTTP_KEEPALIVE_TIMEOUT: '1s',
  SLUICE_NGINX_HTTP_KEEPALIVE_REQUESTS: '3',
  SLUICE_CLIENT_BODY_RATE_MIN: '2',
}

eachEngine('set limits', { env: slow }, (check) => {
  check('a body announced above client_max_body_size is refused with 413 before it is sent', async (rig) => {
    const client = await rig.connect()
    await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\n\r\n')
    assert.equal((await client.answer()).status, 413)
    assert.equal(await client.closed(), '')
    assert.deepEqual(rig.target.requests, [])
  })

  check('a client that expects 100 gets 413 in its place', async (rig) => {
    const client = await rig.connect()
    await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\nExpect: 100-continue\r\n\r\n')
    assert.equal((await client.next()).status, 413)
  })

  check('a body of exactly client_max_body_size is served', async (rig) => {
    const request = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1024\r\n\r\n${'b'.repeat(1024)}`
    assert.equal((await rig.ask(request)).status, 200)
    assert.equal(rig.target.last.body.length, 1024)
  })

  check('a chunked body that grows above client_max_body_size is refused with 413', async (rig) => {
    const client = await rig.connect()
    const chunk = `200\r\n${'b'.repeat(512)}\r\n`
    await client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n', chunk, chunk, chunk)
    assert.equal((await client.answer()).status, 413)
    await client.closed()
    for (const request of rig.target.requests)
      assert.equal(request.framing === 'chunked' && request.whole, false)
  })

  check('a head that does not get finished is answered 408 and closed', async (rig) => {
    const client = await rig.connect()
    await client.send('GET / HTTP/1.1\r\nHost: a\r\nX-Slow')
    assert.equal((await client.answer()).status, 408)
    assert.equal(await client.closed(), '')
    assert.deepEqual(rig.target.requests, [])
  })

  check('a head that drips for longer than the time-out is closed all the same', async (rig) => {
    const client = await rig.connect()
    await client.send('GET / HTTP/1.1\r\nHost: a\r\n')
    const drip = setInterval(() => client.socket.write('X-A: 1\r\n'), 200)
    try {
      assert.equal((await client.answer()).status, 408)
      await client.closed()
    } finally {
      clearInterval(drip)
    }
  })

  check('a body that stops is answered 408 and closed', async (rig) => {
    const client = await rig.connect()
    await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
    const answer = await client.answer()
    assert.equal(answer.status, 408)
    assert.equal(await client.closed(), '')
    for (const request of rig.target.requests) assert.equal(request.whole, false)
  })

  check('an idle connection is closed without a word', async (rig) => {
    const client = await rig.connect()
    await client.send(get('/'))
    assert.equal((await client.answer()).status, 200)
    assert.equal(await client.closed(), '')
  })

  check('a connection that never sends a byte is closed', async (rig) => {
    const client = await rig.connect()
    assert.match(await client.closed(), /^(HTTP\/1\.1 408 [\s\S]*)?$/)
  })

  check('the last of keepalive_requests says close', async (rig) => {
    const client = await rig.connect()
    for (let i = 1; i <= 3; i++) {
      await client.send(get(`/${i}`))
      const says = (await client.answer()).get('connection') ?? ''
      assert.equal(/close/i.test(says), i === 3, `answer ${i} says "${says}"`)
    }
    assert.equal(await client.closed(), '')
  })

  check('a slow but steady body is served', async (rig) => {
    const client = await rig.connect()
    await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n')
    for (const byte of 'steady') {
      await pause(250)
      await client.send(byte)
    }
    assert.equal((await client.answer()).status, 200)
    assert.equal(rig.target.last.text, 'steady')
  })

  check('a body that drips below the least rate is answered 408 and closed', async (rig) => {
    const client = await rig.connect()
    await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n')
    const drip = setInterval(() => client.socket.write('x'), 700)
    try {
      assert.equal((await client.answer()).status, 408)
      await client.closed()
    } finally {
      clearInterval(drip)
    }
  })
})

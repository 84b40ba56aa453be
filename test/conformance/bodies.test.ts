/**
 * RFC 9112 §6 and §7, RFC 9110 §10.1.1 and §15: bodies both ways, chunks, trailers, Expect, 1xx and answers
 * without a body.
 */
import assert from 'node:assert/strict'
import { answers, echoes, reply, sends, sendsAndCloses } from '../kit/behaviours.ts'
import { eachEngine, type Rig } from '../kit/each-engine.ts'
import { get } from '../kit/raw-client.ts'

const CHUNKED = 'POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n'

eachEngine('request bodies', {}, (check) => {
  check('a body with a length goes on with that length', async (rig) => {
    rig.target.behave = echoes
    const answer = await rig.ask('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello')
    assert.equal(answer.text, 'hello')
    assert.equal(rig.target.last.get('content-length'), '5')
    assert.equal(rig.target.last.get('transfer-encoding'), undefined)
  })

  check('an empty body keeps its "Content-Length: 0"', async (rig) => {
    await rig.ask('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n')
    assert.deepEqual(rig.target.last.all('content-length'), ['0'])
  })

  check('a request without a body gains no framing field', async (rig) => {
    await rig.ask(get('/'))
    assert.equal(rig.target.last.get('content-length'), undefined)
    assert.equal(rig.target.last.get('transfer-encoding'), undefined)
  })

  check('chunks are decoded and framed anew, extensions dropped', async (rig) => {
    rig.target.behave = echoes
    const body = '3;ext=1\r\nabc\r\n00a;x="y;z"\r\n0123456789\r\n1;s\r\n!\r\n0;last\r\n\r\n'
    assert.equal((await rig.ask(`${CHUNKED}\r\n${body}`)).text, 'abc0123456789!')
    assert.equal(rig.target.last.framing, 'chunked')
    assert.equal(rig.target.last.get('content-length'), undefined)
  })

  check('"Transfer-Encoding: Chunked" is chunked in any case', async (rig) => {
    rig.target.behave = echoes
    const head = 'POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding:   CHUNKED\r\n\r\n'
    assert.equal((await rig.ask(`${head}1\r\nx\r\n0\r\n\r\n`)).text, 'x')
    assert.deepEqual(rig.target.last.all('transfer-encoding'), ['chunked'])
  })

  const broken: Readonly<Record<string, string>> = {
    'letters for a size': 'xyz\r\n',
    'an empty size': '\r\n',
    'a negative size': '-1\r\n',
    'a signed size': '+1\r\na\r\n0\r\n\r\n',
    'a size with 0x': '0x1\r\na\r\n0\r\n\r\n',
    'a size beyond 2^53': 'fffffffffffffffff\r\n',
    'a space before a size': ' 1\r\na\r\n0\r\n\r\n',
    'an underscore in a size': '1_0\r\n',
    'a bare LF behind a size': '1\na\r\n0\r\n\r\n',
    'a bare LF behind data': '1\r\na\n0\r\n\r\n',
    'a bare CR inside an extension': '1;a\rb\r\na\r\n0\r\n\r\n',
    'a bare LF inside an extension': '1;a\nb\r\na\r\n0\r\n\r\n',
    'NUL inside an extension': '1;a\0b\r\na\r\n0\r\n\r\n',
    'data longer than its size': '1\r\nab\r\n0\r\n\r\n',
    'data shorter than its size': '3\r\na\r\n0\r\n\r\n\r\n',
    'an extension without end': `1;${'e'.repeat(20_000)}`,
    'a bare LF in the trailers': '0\r\nX-A: 1\n\r\n',
    'a trailer without colon': '0\r\nnothing\r\n\r\n',
    'NUL in a trailer': '0\r\nX-A: a\0b\r\n\r\n',
    'too many trailers': `0\r\n${'X-A: 1\r\n'.repeat(20_000)}\r\n`,
  }
  for (const [what, body] of Object.entries(broken))
    check(
      `${what} in a chunked body breaks the request off, and the target is told no clean end`,
      async (rig) => {
        const client = await rig.connect()
        await client.send(`${CHUNKED}\r\n`, `${body}GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n`)
        const left = await client.closed()
        if (left !== '') assert.match(left, /^HTTP\/1\.1 (400|413|431) /)
        for (const request of rig.target.requests) {
          assert.equal(request.target, '/c')
          assert.equal(request.framing === 'chunked' && request.whole, false, 'the target took it for whole')
        }
      },
    )

  check('a client that breaks off inside a body is never given a clean end at the target', async (rig) => {
    const client = await rig.connect()
    await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
    const call = await rig.target.arrived()
    client.destroy()
    await call.body()
    assert.equal(call.request.whole, false)
  })

  check('request trailers that a Trailer field announced are passed on', async (rig) => {
    const head = `${CHUNKED}Trailer: X-Sum\r\n\r\n`
    await rig.ask(`${head}1\r\na\r\n0\r\nX-Sum: 42\r\nX-Other: 1\r\n\r\n`)
    assert.deepEqual(rig.target.last.trailers, [['X-Sum', '42']])
    assert.equal(rig.target.last.get('trailer'), 'X-Sum')
  })

  check('request trailers that nothing announced are dropped', async (rig) => {
    await rig.ask(`${CHUNKED}\r\n1\r\na\r\n0\r\nX-Sum: 42\r\n\r\n`)
    assert.deepEqual(rig.target.last.trailers, [])
  })

  for (const name of [
    'Content-Length',
    'Transfer-Encoding',
    'Host',
    'Authorization',
    'Connection',
    'X-Real-IP',
    'X_Real_IP',
    'X_Forwarded-For',
    'X-Consumer-ID',
    'x_consumer_username',
    'X-Consumer-Custom-ID',
    'X-Credential-Identifier',
    'X-Anonymous-Consumer',
    'X-Kong-Request-Id',
  ])
    check(`a request trailer ${name} is dropped even when it is announced`, async (rig) => {
      const value = name === 'Content-Length' ? '9' : 'chunked'
      await rig.ask(`${CHUNKED}Trailer: ${name}\r\n\r\n1\r\na\r\n0\r\n${name}: ${value}\r\n\r\n`)
      assert.deepEqual(rig.target.last.trailers, [])
      assert.equal(rig.target.last.text, 'a')
    })
})

eachEngine('expectations', {}, (check) => {
  check('"Expect: 100-continue" is answered by the gateway, and the target never sees it', async (rig) => {
    rig.target.behave = echoes
    const client = await rig.connect()
    await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\n')
    assert.equal((await client.next()).status, 100)
    await client.send('abc')
    assert.equal((await client.next()).text, 'abc')
    assert.equal(rig.target.last.get('expect'), undefined)
  })

  check('a body that is already here needs no 100', async (rig) => {
    rig.target.behave = echoes
    const client = await rig.connect()
    await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc')
    assert.equal((await client.answer()).text, 'abc')
    await client.send(get('/next'))
    assert.equal((await client.answer()).status, 200)
  })

  check('an HTTP/1.0 client is never sent 100', async (rig) => {
    const client = await rig.connect()
    await client.send('POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc')
    assert.equal((await client.next()).status, 200)
  })

  check('an expectation nobody knows is refused with 417', async (rig) => {
    const client = await rig.connect()
    await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: the-unexpected\r\n\r\nabc')
    assert.equal((await client.next()).status, 417)
    assert.deepEqual(rig.target.requests, [])
  })
})

/** The same answer must leave the connection fit for the next request. */
async function thenGoesOn(rig: Rig, method: string, status: number): Promise<void> {
  const client = await rig.connect()
  for (let i = 0; i < 2; i++) {
    await client.send(`${method} /${i} HTTP/1.1\r\nHost: a\r\n\r\n`)
    const answer = await client.next(method)
    assert.equal(answer.status, status)
    assert.equal(answer.text, '')
  }
  rig.target.behave = answers('after')
  await client.send(get('/after'))
  assert.equal((await client.next()).text, 'after')
}

eachEngine('response bodies', {}, (check) => {
  check('a body with a length keeps it', async (rig) => {
    rig.target.behave = answers('hello')
    const answer = await rig.ask(get('/'))
    assert.deepEqual(answer.all('content-length'), ['5'])
    assert.equal(answer.text, 'hello')
  })

  check('chunks come as chunks, framed anew', async (rig) => {
    rig.target.behave = sends(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n',
      '02\r\nde\r\n0\r\n\r\n',
    )
    const client = await rig.connect()
    await client.send(get('/'))
    const answer = await client.answer()
    assert.equal(answer.framing, 'chunked')
    assert.equal(answer.text, 'abcde')
    assert.equal(answer.get('content-length'), undefined)
    rig.target.behave = answers('next')
    await client.send(get('/'))
    assert.equal((await client.answer()).text, 'next')
  })

  check('a body that ends with the target’s connection is sent in chunks to HTTP/1.1', async (rig) => {
    rig.target.behave = sendsAndCloses('HTTP/1.1 200 OK\r\n\r\n', 'until ', 'close')
    const answer = await rig.ask(get('/'))
    assert.equal(answer.framing, 'chunked')
    assert.equal(answer.text, 'until close')
    assert.equal(answer.whole, true)
  })

  check('an HTTP/1.0 answer is passed on as HTTP/1.1', async (rig) => {
    rig.target.behave = sendsAndCloses('HTTP/1.0 200 OK\r\nX-Old: yes\r\n\r\nold')
    const answer = await rig.ask(get('/'))
    assert.equal(answer.firstLine, 'HTTP/1.1 200 OK')
    assert.equal(answer.get('x-old'), 'yes')
    assert.equal(answer.text, 'old')
  })

  check('HEAD has the fields and no body, and the connection goes on', async (rig) => {
    rig.target.behave = sends('HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nX-A: b\r\n\r\n')
    const answer = await rig.ask('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', 'HEAD')
    assert.equal(answer.get('content-length'), '1234')
    await thenGoesOn(rig, 'HEAD', 200)
  })

  check('HEAD of a chunked answer has no body either', async (rig) => {
    rig.target.behave = sends('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    await thenGoesOn(rig, 'HEAD', 200)
  })

  check('204 has neither body nor length, and the connection goes on', async (rig) => {
    rig.target.behave = sends('HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n')
    const answer = await rig.ask('DELETE / HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.equal(answer.get('content-length'), undefined)
    assert.equal(answer.get('transfer-encoding'), undefined)
    await thenGoesOn(rig, 'DELETE', 204)
  })

  check('304 keeps its validators, has no body, and the connection goes on', async (rig) => {
    rig.target.behave = sends('HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n')
    assert.equal((await rig.ask(get('/'))).get('etag'), '"1"')
    await thenGoesOn(rig, 'GET', 304)
  })

  check('103 Early Hints go through before the answer, to HTTP/1.1 only', async (rig) => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n'
    rig.target.behave = sends(hints, hints, reply('done'))
    const client = await rig.connect()
    await client.send(get('/'))
    for (let i = 0; i < 2; i++) {
      const info = await client.next()
      assert.equal(info.status, 103)
      assert.equal(info.get('link'), '</a.css>; rel=preload')
    }
    assert.equal((await client.next()).text, 'done')
    const old = await rig.connect()
    await old.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
    assert.equal((await old.next()).status, 200)
  })

  check('a 100 of the target’s own goes through like any interim answer (RFC 9110 §15.2)', async (rig) => {
    rig.target.behave = sends('HTTP/1.1 100 Continue\r\n\r\n', reply('done'))
    const client = await rig.connect()
    await client.send(get('/'))
    assert.equal((await client.answer()).text, 'done')
    await client.send(get('/next'))
    assert.equal((await client.answer()).text, 'done')
  })

  const trailers =
    'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 9\r\n\r\n'
  check('response trailers go to a client that said "TE: trailers"', async (rig) => {
    rig.target.behave = sends(trailers)
    const answer = await rig.ask(get('/', 'TE: trailers', 'Connection: TE'))
    assert.deepEqual(answer.trailers, [['X-Sum', '9']])
  })

  check('response trailers are dropped for everybody else', async (rig) => {
    rig.target.behave = sends(trailers)
    const answer = await rig.ask(get('/'))
    assert.deepEqual(answer.trailers, [])
    assert.equal(answer.get('trailer'), undefined)
    assert.equal(answer.text, 'a')
  })
})

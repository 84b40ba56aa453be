/** RFC 9112 §9: how long a client's connection lives, and in which order it is answered. */
import assert from 'node:assert/strict'
import { answers, echoes, pause } from '../kit/behaviours.ts'
import { eachEngine } from '../kit/each-engine.ts'
import { get } from '../kit/raw-client.ts'

eachEngine('persistence', {}, (check) => {
  check('an HTTP/1.1 connection serves one request after the other', async (rig) => {
    const client = await rig.connect()
    for (let i = 0; i < 5; i++) {
      await client.send(get(`/${i}`))
      const answer = await client.answer()
      assert.equal(answer.status, 200)
      assert.equal(answer.text, 'ok')
      assert.doesNotMatch(answer.get('connection') ?? '', /close/)
    }
    assert.deepEqual(
      rig.target.requests.map((request) => request.target),
      ['/0', '/1', '/2', '/3', '/4'],
    )
  })

  check(
    'the answer is HTTP/1.1 even to HTTP/1.0, and an HTTP/1.0 connection is closed after it',
    async (rig) => {
      const client = await rig.connect()
      await client.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
      const answer = await client.answer()
      assert.equal(answer.firstLine, 'HTTP/1.1 200 OK')
      assert.equal(await client.closed(), '')
    },
  )

  check('HTTP/1.0 needs no Host', async (rig) => {
    const client = await rig.connect()
    await client.send('GET /old HTTP/1.0\r\n\r\n')
    assert.equal((await client.answer()).status, 200)
    assert.equal(rig.target.last.target, '/old')
  })

  check('HTTP/1.0 with keep-alive goes on and is told so', async (rig) => {
    const client = await rig.connect()
    for (let i = 0; i < 2; i++) {
      await client.send('GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n')
      const answer = await client.answer()
      assert.equal(answer.status, 200)
      assert.match(answer.get('connection') ?? '', /^keep-alive$/i)
    }
  })

  check('HTTP/1.0 is never sent chunks', async (rig) => {
    rig.target.behave = async (call) => {
      await call.body()
      call.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n')
    }
    const client = await rig.connect()
    await client.send('GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n')
    const answer = await client.answer()
    assert.equal(answer.get('transfer-encoding'), undefined)
    assert.equal(answer.framing, 'close')
    assert.equal(answer.text, 'abc')
  })

  for (const value of ['close', 'Close', 'keep-alive, close', 'x-hop , CLOSE']) {
    check(`"Connection: ${value}" ends the connection after the answer, and says so`, async (rig) => {
      const client = await rig.connect()
      await client.send(get('/', `Connection: ${value}`))
      const answer = await client.answer()
      assert.equal(answer.status, 200)
      assert.match(answer.get('connection') ?? '', /close/i)
      assert.equal(await client.closed(), '')
    })
  }

  check('a target that closes its connection does not close the client’s', async (rig) => {
    rig.target.behave = async (call) => {
      await answers('bye', ['Connection: close'])(call)
      call.socket.end()
    }
    const client = await rig.connect()
    for (let i = 0; i < 3; i++) {
      await client.send(get('/'))
      const answer = await client.answer()
      assert.equal(answer.text, 'bye')
      assert.doesNotMatch(answer.get('connection') ?? '', /close/i)
    }
  })

  check('pipelined requests are answered in their order, the first one being the slowest', async (rig) => {
    rig.target.behave = async (call) => {
      await call.body()
      if (call.request.target === '/0') await pause(80)
      call.send(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${call.request.target}`)
    }
    const client = await rig.connect()
    await client.send([0, 1, 2, 3, 4].map((i) => get(`/${i}`)).join(''))
    for (let i = 0; i < 5; i++) assert.equal((await client.answer()).text, `/${i}`)
  })

  check('a request pipelined behind a body starts where the body ends', async (rig) => {
    rig.target.behave = echoes
    const client = await rig.connect()
    await client.send(
      'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc' +
        'POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n' +
        get('/c'),
    )
    assert.equal((await client.answer()).text, 'abc')
    assert.equal((await client.answer()).text, 'de')
    assert.equal((await client.answer()).text, '')
    assert.deepEqual(
      rig.target.requests.map((request) => request.firstLine),
      ['POST /a HTTP/1.1', 'POST /b HTTP/1.1', 'GET /c HTTP/1.1'],
    )
  })

  check('nothing pipelined behind "Connection: close" is read', async (rig) => {
    const client = await rig.connect()
    await client.send(get('/a', 'Connection: close') + get('/b'))
    assert.equal((await client.answer()).status, 200)
    assert.equal(await client.closed(), '')
    assert.deepEqual(
      rig.target.requests.map((request) => request.target),
      ['/a'],
    )
  })

  check('a client that closes its side right after the request still gets its answer', async (rig) => {
    rig.target.behave = async (call) => {
      await call.body()
      await pause(50)
      call.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate')
    }
    const client = await rig.connect()
    await client.send(get('/'))
    client.half()
    assert.equal((await client.answer()).text, 'late')
    assert.equal(await client.closed(), '')
  })

  check('a client that closes its side after two pipelined requests gets both answers', async (rig) => {
    const client = await rig.connect()
    await client.send(get('/1') + get('/2'))
    client.half()
    assert.equal((await client.answer()).text, 'ok')
    assert.equal((await client.answer()).text, 'ok')
    assert.equal(await client.closed(), '')
  })

  check('empty lines before a request line are passed over', async (rig) => {
    const client = await rig.connect()
    await client.send(`\r\n${get('/a')}`)
    assert.equal((await client.answer()).status, 200)
    await client.send(`\r\n\r\n${get('/b')}`)
    assert.equal((await client.answer()).status, 200)
  })

  const split: Readonly<Record<string, string>> = {
    'with a Content-Length': 'Content-Length: 3\r\n\r\nabc',
    'in chunks': 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    'in chunks with extensions': 'Transfer-Encoding: chunked\r\n\r\n3;e=1\r\nabc\r\n0;e\r\n\r\n',
  }
  for (const [how, rest] of Object.entries(split))
    check(`a request ${how} may come split at every byte`, async (rig) => {
      rig.target.behave = echoes
      const client = await rig.connect()
      const request = `POST /x?y HTTP/1.1\r\nHost: a\r\n${rest}`
      await client.send(...request)
      assert.equal((await client.answer()).text, 'abc')
      for (let at = 1; at < request.length; at++) {
        await client.send(request.slice(0, at), request.slice(at))
        assert.equal((await client.answer()).text, 'abc', `split at ${at}`)
      }
    })

  check('a client that hangs up before its request is whole leaves no trace at the target', async (rig) => {
    const client = await rig.connect()
    await client.send('GET /half HTTP/1.1\r\nHost: a\r\nX-Un')
    client.destroy()
    assert.equal((await rig.ask(get('/whole'))).status, 200)
    assert.deepEqual(
      rig.target.requests.map((request) => request.target),
      ['/whole'],
    )
  })
})

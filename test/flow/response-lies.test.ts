/**
 * A target whose answer could be read in two ways, or that breaks off: the client is told, and no other client
 * suffers.
 */
import assert from 'node:assert/strict'
import { pause, reply, sends, sendsAndCloses, sendsAndResets } from '../kit/behaviours.ts'
import { eachEngine } from '../kit/each-engine.ts'
import { catchAll } from '../kit/kong-config.ts'
import { get } from '../kit/raw-client.ts'

const noRetries = (port: number) => catchAll(port, { retries: 0, read_timeout: 2000 })

const heads: Readonly<Record<string, string>> = {
  'Content-Length beside Transfer-Encoding': 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n',
  'two different Content-Lengths': 'Content-Length: 3\r\nContent-Length: 4\r\n',
  'a list of Content-Lengths': 'Content-Length: 3, 4\r\n',
  'a negative Content-Length': 'Content-Length: -3\r\n',
  'a Content-Length that is no number': 'Content-Length: abc\r\n',
  'an empty Content-Length': 'Content-Length:\r\n',
  'an unknown coding': 'Transfer-Encoding: gzip\r\n',
  'two Transfer-Encodings': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
  'a folded line': 'X-A: 1\r\n 2\r\nContent-Length: 3\r\n',
  'a space before a colon': 'X-A : 1\r\nContent-Length: 3\r\n',
  'a bare LF': 'X-A: 1\nContent-Length: 3\r\n',
  'a bare CR': 'X-A: 1\rX-B: 2\r\nContent-Length: 3\r\n',
  'NUL in a value': 'X-A: a\0b\r\nContent-Length: 3\r\n',
  'a control character in a value': 'X-A: a\x01b\r\nContent-Length: 3\r\n',
  'a line without colon': 'nothing\r\nContent-Length: 3\r\n',
  'a name with a space': 'X A: 1\r\nContent-Length: 3\r\n',
  'a head without end': `${'X-A: 1\r\n'.repeat(20_000)}`,
}

const firstLines: Readonly<Record<string, string>> = {
  'no HTTP': 'SSH-2.0-Open\r\n\r\n',
  'HTTP/2': 'HTTP/2.0 200 OK\r\n\r\n',
  'a status of two digits': 'HTTP/1.1 20 OK\r\n\r\n',
  'a status of four digits': 'HTTP/1.1 2000 OK\r\n\r\n',
  'a status of letters': 'HTTP/1.1 abc OK\r\n\r\n',
  'a status below 100': 'HTTP/1.1 099 OK\r\n\r\n',
  'NUL in the reason': 'HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n',
  'a bare LF behind the first line': 'HTTP/1.1 200 OK\nContent-Length: 0\n\n',
  'nothing but an empty line': '\r\n\r\n',
}

eachEngine('answers that cannot be trusted', { config: noRetries }, (check) => {
  for (const [what, lines] of Object.entries(heads))
    check(`${what} in an answer is a 502, and its connection is not used again`, async (rig) => {
      rig.target.behave = sends(`HTTP/1.1 200 OK\r\n${lines}\r\nabc`)
      const client = await rig.connect()
      await client.send(get('/'))
      assert.equal((await client.answer()).status, 502)
      rig.target.behave = sends(reply('fine'))
      await client.send(get('/'))
      assert.equal((await client.answer()).text, 'fine')
      assert.notEqual(rig.target.calls[0]?.connection, rig.target.calls[1]?.connection)
    })

  for (const [what, bytes] of Object.entries(firstLines))
    check(`${what} for a status line is a 502`, async (rig) => {
      rig.target.behave = sendsAndCloses(bytes)
      assert.equal((await rig.ask(get('/'))).status, 502)
    })

  check('101 that nobody asked for is a 502', async (rig) => {
    rig.target.behave = sends('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n')
    assert.equal((await rig.ask(get('/'))).status, 502)
  })

  check('1xx without end are not borne for ever', async (rig) => {
    rig.target.behave = async (call) => {
      for (let i = 0; i < 20_000 && !call.socket.destroyed; i++) {
        call.send('HTTP/1.1 103 Early Hints\r\nX-A: 1\r\n\r\n')
        if (i % 100 === 0) await pause(1)
      }
    }
    const client = await rig.connect()
    await client.send(get('/'))
    for (let seen = 0; ; seen++) {
      const answer = await client.next()
      assert.ok(seen < 1000, 'a thousand interim answers went through')
      if (answer.status >= 200) return assert.equal(answer.status, 502)
    }
  })

  const breaks = { closes: sendsAndCloses, resets: sendsAndResets }
  for (const [verb, breaksOff] of Object.entries(breaks)) {
    check(`a target that ${verb} inside a body with a length cuts the client off`, async (rig) => {
      rig.target.behave = breaksOff('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')
      const client = await rig.connect()
      await client.send(get('/'))
      const answer = await client.answer()
      assert.equal(answer.text, 'abc')
      assert.equal(answer.whole, false)
      assert.equal(await client.closed(), '')
    })

    check(`a target that ${verb} inside a chunk leaves the client without a last chunk`, async (rig) => {
      rig.target.behave = breaksOff('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab')
      const client = await rig.connect()
      await client.send(get('/'))
      const answer = await client.answer()
      assert.equal(answer.whole, false)
      assert.equal(await client.closed(), '')
    })

    check(`a target that ${verb} between chunks leaves the client without a last chunk`, async (rig) => {
      rig.target.behave = breaksOff('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n')
      const client = await rig.connect()
      await client.send(get('/'))
      const answer = await client.answer()
      assert.equal(answer.text, 'ab')
      assert.equal(answer.whole, false)
    })
  }

  check(
    'a reset of a body that ends with its connection cuts an HTTP/1.0 client off with a reset',
    async (rig) => {
      rig.target.behave = sendsAndResets('HTTP/1.1 200 OK\r\n\r\nabc')
      const client = await rig.connect()
      await client.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
      const answer = await client.answer()
      assert.equal(answer.whole, false, 'a clean close would say that this was all')
    },
  )

  for (const size of ['zz', '-1', '0x3', '1_0', 'fffffffffffffffff'])
    check(`the chunk size "${size}" in an answer cuts the client off`, async (rig) => {
      rig.target.behave = sends(
        `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n${size}\r\nabc\r\n0\r\n\r\n`,
      )
      const client = await rig.connect()
      await client.send(get('/'))
      const head = await client.closed()
      assert.ok(!head.includes('\r\n0\r\n\r\n'), 'no clean end')
    })

  check('bytes behind an answer are nobody’s answer', async (rig) => {
    rig.target.behave = async (call) => {
      await call.body()
      call.send(reply('mine') + reply('poison'))
    }
    const client = await rig.connect()
    await client.send(get('/1'))
    assert.equal((await client.answer()).text, 'mine')
    rig.target.behave = sends(reply('honest'))
    await client.send(get('/2'))
    assert.equal((await client.answer()).text, 'honest')
  })

  check('an answer that comes before any request is nobody’s answer', async (rig) => {
    rig.target.behave = async (call) => {
      await call.body()
      call.send(reply('mine'))
      await pause(30)
      call.send(reply('poison'))
      await pause(30)
    }
    const client = await rig.connect()
    await client.send(get('/1'))
    assert.equal((await client.answer()).text, 'mine')
    await pause(80)
    rig.target.behave = sends(reply('honest'))
    await client.send(get('/2'))
    assert.equal((await client.answer()).text, 'honest')
  })

  check('a body behind 204, 304 or HEAD is nobody’s answer', async (rig) => {
    for (const [method, status] of [
      ['GET', '204 None'],
      ['GET', '304 Same'],
      ['HEAD', '200 OK'],
    ] as const) {
      rig.target.behave = sends(`HTTP/1.1 ${status}\r\nContent-Length: 5\r\n\r\nHTTP/`)
      const client = await rig.connect()
      await client.send(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`)
      assert.equal((await client.answer(method)).text, '')
      rig.target.behave = sends(reply('honest'))
      await client.send(get('/'))
      assert.equal((await client.answer()).text, 'honest')
    }
  })
})

/**
 * RFC 9113 §8: requests and answers over HTTP/2 mean what they mean over HTTP/1.1.
 *
 * On the native-free engine only: kit/http2-rig.ts says why.
 */
import assert from 'node:assert/strict'
import { answers, reply, sends } from '../kit/behaviours.ts'
import { overHttp2 } from '../kit/http2-rig.ts'
import {
  code,
  type Field,
  flag,
  frame,
  headers,
  type RawHttp2,
  requestFields,
  type,
} from '../kit/raw-http2.ts'

const { END_STREAM } = flag
const data = (stream: number, text: string, flags = 0): Buffer => frame(type.DATA, flags, stream, text)

async function ask(client: RawHttp2, fields: readonly Field[]) {
  client.send(headers(1, fields))
  return client.whole(1)
}

overHttp2('HTTP/2 messages', {}, (check) => {
  check(
    'a request reaches the target as HTTP/1.1 with the path, the host and the fields it came with',
    async (rig) => {
      const client = await rig.connect()
      const answer = await ask(
        client,
        requestFields('GET', '/a/b?c=d&e', ['accept', 'text/html'], ['x-any', 'v']),
      )
      assert.equal(answer.status, 200)
      assert.equal(answer.body.toString(), 'ok')
      const { last } = rig.target
      assert.equal(last.firstLine, 'GET /a/b?c=d&e HTTP/1.1')
      assert.equal(last.get('accept'), 'text/html')
      assert.equal(last.get('x-any'), 'v')
      assert.equal(last.get('x-forwarded-host'), 'gateway.test')
      assert.doesNotMatch(last.head, /\n:/, 'no pseudo-field')
    },
  )

  check('the host may come as a field when there is no :authority', async (rig) => {
    const client = await rig.connect()
    const fields: Field[] = [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
      ['host', 'by.field'],
    ]
    assert.equal((await ask(client, fields)).status, 200)
    assert.equal(rig.target.last.get('x-forwarded-host'), 'by.field')
  })

  check('cookies in several fields are joined into one', async (rig) => {
    const client = await rig.connect()
    await ask(client, requestFields('GET', '/', ['cookie', 'a=1'], ['x-between', 'v'], ['cookie', 'b=2']))
    assert.deepEqual(rig.target.last.all('cookie'), ['a=1; b=2'])
  })

  check('a body without length is forwarded whole', async (rig) => {
    const client = await rig.connect()
    client.send(
      headers(1, requestFields('POST'), 0),
      data(1, 'one '),
      data(1, ''),
      data(1, 'two', END_STREAM),
    )
    assert.equal((await client.whole(1)).status, 200)
    assert.equal(rig.target.last.text, 'one two')
    assert.equal(rig.target.last.whole, true)
  })

  check('a body with its length is forwarded with it', async (rig) => {
    const client = await rig.connect()
    client.send(
      headers(1, requestFields('POST', '/', ['content-length', '4']), 0),
      data(1, 'body', END_STREAM),
    )
    assert.equal((await client.whole(1)).status, 200)
    assert.equal(rig.target.last.get('content-length'), '4')
    assert.equal(rig.target.last.text, 'body')
  })

  check('a body of no bytes is one when its end comes in a frame of its own', async (rig) => {
    const client = await rig.connect()
    client.send(headers(1, requestFields('POST', '/', ['content-length', '0']), 0))
    await client.ping('the head is known')
    assert.equal(rig.target.requests.length, 0, 'a body could still follow')
    client.send(data(1, '', END_STREAM))
    assert.equal((await client.whole(1)).status, 200)
    assert.equal(rig.target.last.get('content-length'), '0')
  })

  check('who is still sending can read an early answer: the stream is not reset behind it', async (rig) => {
    rig.target.behave = (call) => call.send('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno')
    const client = await rig.connect()
    client.send(headers(1, requestFields('POST'), 0), data(1, 'some'))
    const answer = await client.whole(1)
    assert.deepEqual([answer.status, answer.body.toString()], [413, 'no'])
    client.send(data(1, 'more'), data(1, 'last', END_STREAM))
    await client.ping('the end is known')
    assert.equal(answer.reset, -1)
    client.send(headers(3, requestFields()))
    assert.equal((await client.whole(3)).status, 413)
  })

  check('who goes on sending behind an early answer is told to stop after a while', async (rig) => {
    rig.target.behave = (call) => call.send('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno')
    const client = await rig.connect()
    client.send(headers(1, requestFields('POST'), 0), data(1, 'some'))
    const answer = await client.whole(1)
    await client.until('the reset', () => answer.reset >= 0)
    assert.equal(answer.reset, code.NO_ERROR)
  })

  check('te: trailers is allowed', async (rig) => {
    const client = await rig.connect()
    assert.equal((await ask(client, requestFields('GET', '/', ['te', 'trailers']))).status, 200)
  })

  check('a request’s trailers end it', async (rig) => {
    const client = await rig.connect()
    client.send(headers(1, requestFields('POST', '/', ['trailer', 'x-sum']), 0), data(1, 'body'))
    client.send(headers(1, [['x-sum', '42']]))
    assert.equal((await client.whole(1)).status, 200)
    assert.equal(rig.target.last.text, 'body')
    assert.equal(rig.target.last.whole, true)
  })

  check('an answer to HEAD has no body', async (rig) => {
    rig.target.behave = sends('HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n')
    const client = await rig.connect()
    const answer = await ask(client, requestFields('HEAD'))
    assert.deepEqual([answer.status, answer.get('content-length'), answer.body.length], [200, '1234', 0])
  })

  for (const status of ['204 No Content', '304 Not Modified', '404 Not Found', '503 Service Unavailable'])
    check(`an answer with ${status} arrives with that status`, async (rig) => {
      rig.target.behave = sends(
        `HTTP/1.1 ${status}\r\n${/^[24]04|304/.test(status) && !status.startsWith('404') ? '' : 'Content-Length: 0\r\n'}\r\n`,
      )
      const client = await rig.connect()
      const answer = await ask(client, requestFields())
      assert.equal(answer.status, Number.parseInt(status, 10))
      assert.equal(answer.body.length, 0)
    })

  check('an answer has names in lower case and no field of HTTP/1.1’s connections', async (rig) => {
    const lines = ['X-Own: v', 'Connection: close, x-private', 'X-Private: p', 'Keep-Alive: timeout=5']
    rig.target.behave = answers('ok', lines)
    const client = await rig.connect()
    const answer = await ask(client, requestFields())
    assert.equal(answer.get('x-own'), 'v')
    for (const [name] of answer.fields) {
      assert.equal(name, name.toLowerCase())
      assert.doesNotMatch(
        name,
        /^(connection|keep-alive|transfer-encoding|upgrade|proxy-connection|x-private)$/,
      )
    }
  })

  check('a chunked answer arrives as data, its trailers as trailers', async (rig) => {
    const lines = 'Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n'
    rig.target.behave = sends(`HTTP/1.1 200 OK\r\n${lines}\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 7\r\n\r\n`)
    const client = await rig.connect()
    const answer = await ask(client, requestFields('GET', '/', ['te', 'trailers']))
    assert.equal(answer.body.toString(), 'abcde')
    assert.deepEqual(answer.trailers, [['x-sum', '7']])
  })

  check('an interim answer comes before the final one', async (rig) => {
    rig.target.behave = sends(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${reply('ok')}`)
    const client = await rig.connect()
    const answer = await ask(client, requestFields())
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.infos, [103])
  })

  check('an answer that the target breaks off does not end as if it were whole', async (rig) => {
    rig.target.behave = async (call) => {
      call.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort')
      call.socket.end()
    }
    const client = await rig.connect()
    client.send(headers(1, requestFields()))
    const answer = await client.settled(1)
    assert.equal(answer.ended, false)
    assert.ok(answer.reset > 0 || client.closed)
    rig.target.behave = answers()
    await rig.probe()
  })

  check('a path that no route has is answered with 404 on its stream', async (rig) => {
    const client = await rig.connect()
    rig.target.behave = answers('', [], '404 Not Found')
    assert.equal((await ask(client, requestFields('GET', '/none'))).status, 404)
    await client.ping()
  })

  check('a hundred requests at once are all answered, each with its own body', async (rig) => {
    rig.target.behave = (call) => call.send(reply(call.request.target))
    const client = await rig.connect()
    const streams = Array.from({ length: 100 }, (_, i) => 2 * i + 1)
    client.send(...streams.map((stream) => headers(stream, requestFields('GET', `/n/${stream}`))))
    for (const stream of streams) assert.equal((await client.whole(stream)).body.toString(), `/n/${stream}`)
  })

  check('a large answer arrives whole', async (rig) => {
    rig.target.behave = answers('x'.repeat(3_000_000))
    const client = await rig.connect()
    assert.equal((await ask(client, requestFields())).body.length, 3_000_000)
  })

  check(
    'a header list above the announced limit is refused, and the connection goes on or ends cleanly',
    async (rig) => {
      const client = await rig.connect()
      const large: Field[] = Array.from({ length: 40 }, (_, i) => [`x-large-${i}`, 'v'.repeat(2000)])
      const parts = headers(1, requestFields('GET', '/', ...large)).subarray(9)
      const size = 16_000
      client.send(frame(type.HEADERS, END_STREAM, 1, parts.subarray(0, size)))
      for (let at = size; at < parts.length; at += size)
        client.send(
          frame(type.CONTINUATION, at + size < parts.length ? 0 : 4, 1, parts.subarray(at, at + size)),
        )
      const answer = await client.settled(1)
      assert.ok([431, 400, 413, 494].includes(answer.status) || answer.reset > 0 || client.goaway > 0)
      assert.deepEqual(rig.target.requests, [])
      await rig.probe()
    },
  )
})

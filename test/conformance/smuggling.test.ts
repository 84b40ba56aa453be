/** RFC 9112 §6.3 and §11.2: whatever two parsers could read differently is refused, closed and never forwarded. */
import assert from 'node:assert/strict'
import { eachEngine } from '../kit/each-engine.ts'

const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n'

/** Each is a head without its empty line; a body that hides a request follows. */
const heads: Readonly<Record<string, string>> = {
  'Content-Length beside Transfer-Encoding': 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
  'Transfer-Encoding beside Content-Length': 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n',
  'Content-Length 0 beside Transfer-Encoding': 'Content-Length: 0\r\nTransfer-Encoding: chunked\r\n',
  'two different Content-Lengths': 'Content-Length: 0\r\nContent-Length: 34\r\n',
  'the same Content-Length twice': 'Content-Length: 5\r\nContent-Length: 5\r\n',
  'a list of Content-Lengths': 'Content-Length: 5, 5\r\n',
  'a signed Content-Length': 'Content-Length: +5\r\n',
  'a negative Content-Length': 'Content-Length: -5\r\n',
  'a hexadecimal Content-Length': 'Content-Length: 0x5\r\n',
  'a decimal point in Content-Length': 'Content-Length: 5.0\r\n',
  'an empty Content-Length': 'Content-Length:\r\n',
  'a space inside Content-Length': 'Content-Length: 5 5\r\n',
  'an underscore inside Content-Length': 'Content-Length: 1_0\r\n',
  'an exponent in Content-Length': 'Content-Length: 1e1\r\n',
  'a Content-Length above 2^64': 'Content-Length: 18446744073709551621\r\n',
  'Arabic digits in Content-Length': 'Content-Length: \xd9\xa5\r\n',
  'a vertical tab before Content-Length’s value': 'Content-Length: \x0b5\r\n',
  'an unknown coding': 'Transfer-Encoding: xchunked\r\n',
  'a coding before chunked': 'Transfer-Encoding: gzip, chunked\r\n',
  'a coding behind chunked': 'Transfer-Encoding: chunked, gzip\r\n',
  'chunked twice in one field': 'Transfer-Encoding: chunked, chunked\r\n',
  'two Transfer-Encoding fields': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
  'a second Transfer-Encoding that says identity':
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
  identity: 'Transfer-Encoding: identity\r\n',
  'an empty Transfer-Encoding': 'Transfer-Encoding:\r\n',
  'an empty Transfer-Encoding beside Content-Length': 'Transfer-Encoding:\r\nContent-Length: 5\r\n',
  'a quoted coding': 'Transfer-Encoding: "chunked"\r\n',
  'a parameter on chunked': 'Transfer-Encoding: chunked;q=1\r\n',
  'a comma before chunked': 'Transfer-Encoding: ,chunked\r\n',
  'a comma behind chunked': 'Transfer-Encoding: chunked,\r\n',
  'a vertical tab before chunked': 'Transfer-Encoding: \x0bchunked\r\n',
  'a space before the colon of Transfer-Encoding': 'Transfer-Encoding : chunked\r\n',
  'a tab before the colon of Content-Length': 'Content-Length\t: 5\r\n',
  'a space before the colon of any field': 'X-Any : 1\r\n',
  'a folded line': 'X-Any: 1\r\n 2\r\n',
  'a folded Transfer-Encoding': 'Transfer-Encoding:\r\n chunked\r\n',
  'a space before the first field': ' X-Any: 1\r\n',
  'a field without colon': 'X-Any\r\n',
  'a field without name': ': value\r\n',
  'a space inside a name': 'X Any: 1\r\n',
  'a separator inside a name': 'X(Any): 1\r\n',
  'a control character inside a name': 'X\x01Any: 1\r\n',
  'NUL inside a name': 'X\0Any: 1\r\n',
  'a byte above ASCII inside a name': 'X\xe9Any: 1\r\n',
  'NUL inside a value': 'X-Any: a\0b\r\n',
  'a control character inside a value': 'X-Any: a\x01b\r\n',
  'DEL inside a value': 'X-Any: a\x7fb\r\n',
  'a bare CR inside a value': 'X-Any: a\rX-Other: b\r\n',
  'a bare CR before a field': 'X-Any: a\r\rTransfer-Encoding: chunked\r\n',
  'a bare LF between fields': 'X-Any: a\nTransfer-Encoding: chunked\r\n',
  'a bare LF inside Host’s line': 'X-Any: 1\nContent-Length: 5\n\r\n',
}

eachEngine('smuggling', {}, (check) => {
  for (const [what, lines] of Object.entries(heads))
    check(`${what} is refused with 400, closed and never forwarded`, async (rig) => {
      const client = await rig.connect()
      await client.send(`POST /first HTTP/1.1\r\nHost: a\r\n${lines}\r\n0\r\n\r\n${HIDDEN}`)
      const answer = await client.answer()
      // RFC 9112 §6.1: a coding that is not understood may also be answered with 501.
      assert.ok(answer.status === 400 || answer.status === 501, `answered ${answer.status}`)
      assert.match(answer.get('connection') ?? '', /close/i)
      assert.equal(await client.closed(), '')
      assert.deepEqual(rig.target.requests, [], 'nothing of it reaches the target')
    })

  check('Transfer-Encoding in HTTP/1.0 is refused', async (rig) => {
    const client = await rig.connect()
    await client.send(`POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`)
    assert.equal((await client.answer()).status, 400)
    assert.equal(await client.closed(), '')
    assert.deepEqual(rig.target.requests, [])
  })

  for (const ending of ['\n\n', '\r\n\n', '\n\r\n', '\r\r', '\r\n\r\r\n'])
    check(`a head that ends in ${JSON.stringify(ending)} is refused`, async (rig) => {
      const client = await rig.connect()
      await client.send(`GET / HTTP/1.1\r\nHost: a${ending}${HIDDEN}`)
      assert.equal((await client.answer()).status, 400)
      assert.equal(await client.closed(), '')
      assert.deepEqual(rig.target.requests, [])
    })

  const HIDING: readonly string[] = [': value\r\n', `: value\r\nContent-Length: ${HIDDEN.length}\r\n`]
  for (const lines of HIDING)
    check(
      `whatever is made of ${JSON.stringify(lines)}, the target gets one clean request at most`,
      async (rig) => {
        const client = await rig.connect()
        await client.send(`POST /first HTTP/1.1\r\nHost: a\r\n${lines}\r\n${HIDDEN}`)
        await client.closed()
        assert.ok(rig.target.requests.length <= 1)
        for (const request of rig.target.requests) {
          assert.equal(request.target, '/first')
          assert.doesNotMatch(request.head, /\r\n[ \t]*:|content-length|transfer-encoding|value/i)
          assert.equal(request.text, '')
        }
      },
    )

  check('a body on GET is framed anew, and what follows is a request of its own', async (rig) => {
    const client = await rig.connect()
    await client.send(`GET /one HTTP/1.1\r\nHost: a\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`)
    assert.equal((await client.answer()).status, 200)
    assert.equal(rig.target.requests.length, 1)
    assert.equal(rig.target.last.text, HIDDEN)
  })

  check('Connection cannot name away what frames or addresses the request', async (rig) => {
    const named = 'Connection: content-length, host, transfer-encoding, x-forwarded-for'
    await rig.ask(`POST / HTTP/1.1\r\nHost: a\r\n${named}\r\nContent-Length: 3\r\n\r\nabc`, 'POST')
    assert.equal(rig.target.last.text, 'abc')
    assert.equal(rig.target.last.all('host').length, 1)
    assert.equal(rig.target.last.get('x-forwarded-for'), '127.0.0.1')
  })

  check('names that only look like framing fields are plain fields', async (rig) => {
    const lines = 'Content_Length: 9\r\nTransfer_Encoding: chunked\r\nContent-Length: 3\r\n'
    assert.equal((await rig.ask(`POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\nabc`, 'POST')).status, 200)
    assert.equal(rig.target.last.text, 'abc')
  })
})

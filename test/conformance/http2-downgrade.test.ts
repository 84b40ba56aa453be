/**
 * From HTTP/2 to HTTP/1.1: nothing a client can put into frames may become a second request, a forged field or another
 * framing on the way to the target. Each case is refused, or forwarded as one clean request: told by the bytes that
 * the target saw.
 *
 * On the native-free engine only: kit/http2-rig.ts says why.
 */
import assert from 'node:assert/strict'
import { type Http2Rig, overHttp2 } from '../kit/http2-rig.ts'
import { type Field, flag, frame, headers, requestFields, type } from '../kit/raw-http2.ts'

const { END_STREAM } = flag
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n'

const get = (...more: readonly Field[]): Field[] => requestFields('GET', '/', ...more)
const post = (...more: readonly Field[]): Field[] => requestFields('POST', '/', ...more)

/** A request whose pseudo-fields are exactly these. */
function pseudo(fields: Readonly<Record<string, string>>, ...more: readonly Field[]): Field[] {
  return [...Object.entries(fields), ...more]
}

const usual = { ':method': 'GET', ':scheme': 'http', ':authority': 'gateway.test', ':path': '/' }

interface Attack {
  readonly fields: readonly Field[]
  readonly body?: string
  readonly trailers?: readonly Field[]
}

const OTHER_LENGTHS = ['+5', '-5', '0x5', '5.0', '', ' 5', '5 5', '5, 5', '1_0', '18446744073709551621', '٥']

/** May never be forwarded. */
const refused: Readonly<Record<string, Attack>> = {
  // H2.TE
  'transfer-encoding: chunked': {
    fields: post(['transfer-encoding', 'chunked']),
    body: `0\r\n\r\n${HIDDEN}`,
  },
  'transfer-encoding: identity': { fields: post(['transfer-encoding', 'identity']), body: 'x' },
  'an empty transfer-encoding': { fields: post(['transfer-encoding', '']), body: 'x' },
  'transfer-encoding beside content-length': {
    fields: post(['content-length', '5'], ['transfer-encoding', 'chunked']),
    body: '0\r\n\r\n',
  },
  // §8.2.2
  'connection: close': { fields: get(['connection', 'close']) },
  'connection that names another field': { fields: get(['connection', 'x-any'], ['x-any', 'v']) },
  'keep-alive': { fields: get(['keep-alive', 'timeout=5']) },
  'proxy-connection': { fields: get(['proxy-connection', 'keep-alive']) },
  upgrade: { fields: get(['upgrade', 'websocket']) },
  'te with more than trailers': { fields: get(['te', 'trailers, deflate']) },
  'te: gzip': { fields: get(['te', 'gzip']) },
  // H2.CL
  'a content-length of 0 before a body': { fields: post(['content-length', '0']), body: HIDDEN },
  'a content-length of half the body': { fields: post(['content-length', '5']), body: 'body and more' },
  'a content-length above the body': { fields: post(['content-length', '50']), body: 'short' },
  'a content-length without any body': { fields: post(['content-length', '5']) },
  'two different content-lengths': {
    fields: post(['content-length', '4'], ['content-length', '0']),
    body: 'body',
  },
  // names
  'a name in upper case': { fields: get(['X-Any', 'v']) },
  'one upper-case letter in a name': { fields: get(['x-anY', 'v']) },
  'a name of no bytes': { fields: get(['', 'v']) },
  'a space in a name': { fields: get(['x any', 'v']) },
  'a space at the end of a name': { fields: get(['x-any ', 'v']) },
  'transfer-encoding with a space behind': { fields: post(['transfer-encoding ', 'chunked']), body: 'x' },
  'a colon in a name': { fields: get(['x-any: v\r\nx-other', 'v']) },
  'a colon at the end of a name': { fields: get(['transfer-encoding:', 'chunked']) },
  'CR LF in a name': { fields: get(['x-any: v\r\ntransfer-encoding', 'chunked']) },
  'LF in a name': { fields: get(['x-any\nx-other', 'v']) },
  'NUL in a name': { fields: get(['x-\0any', 'v']) },
  'a tab in a name': { fields: get(['x-\tany', 'v']) },
  'DEL in a name': { fields: get(['x-\x7fany', 'v']) },
  'a byte above ASCII in a name': { fields: get(['x-\xe9any', 'v']) },
  'a slash in a name': { fields: get(['x/any', 'v']) },
  // values
  'CR LF and a field in a value': { fields: get(['x-any', 'v\r\ntransfer-encoding: chunked']) },
  'CR LF and a request in a value': { fields: get(['x-any', `v\r\n\r\n${HIDDEN}`]) },
  'a bare LF in a value': { fields: get(['x-any', 'v\nx-other: w']) },
  'a bare CR in a value': { fields: get(['x-any', 'v\rx-other: w']) },
  'NUL in a value': { fields: get(['x-any', 'v\0w']) },
  'a control character in a value': { fields: get(['x-any', 'v\x01w']) },
  'CR LF in a cookie': { fields: get(['cookie', 'a=1\r\nx-other: w']) },
  'CR LF in a host': { fields: get(['host', 'gateway.test\r\nx-other: w']) },
  // pseudo-fields: bytes
  'CR LF in :method': { fields: pseudo({ ...usual, ':method': 'GET / HTTP/1.1\r\nx: y\r\n\r\nGET' }) },
  'a space in :method': { fields: pseudo({ ...usual, ':method': 'GET /hidden' }) },
  'an empty :method': { fields: pseudo({ ...usual, ':method': '' }) },
  'a method that is no token': { fields: pseudo({ ...usual, ':method': 'G(T' }) },
  'CR LF in :path': { fields: pseudo({ ...usual, ':path': `/ HTTP/1.1\r\nx: y\r\n\r\n${HIDDEN}` }) },
  'a space in :path': { fields: pseudo({ ...usual, ':path': '/a HTTP/1.1' }) },
  'a tab in :path': { fields: pseudo({ ...usual, ':path': '/a\tb' }) },
  'NUL in :path': { fields: pseudo({ ...usual, ':path': '/a\0b' }) },
  'an empty :path': { fields: pseudo({ ...usual, ':path': '' }) },
  'a :path without its slash': { fields: pseudo({ ...usual, ':path': 'hidden' }) },
  'CR LF in :authority': { fields: pseudo({ ...usual, ':authority': 'gateway.test\r\nx-other: w' }) },
  'a space in :authority': { fields: pseudo({ ...usual, ':authority': 'gateway.test x' }) },
  'a slash in :authority': { fields: pseudo({ ...usual, ':authority': 'gateway.test/hidden' }) },
  'userinfo in :authority': { fields: pseudo({ ...usual, ':authority': 'user:pass@gateway.test' }) },
  'CR LF in :scheme': { fields: pseudo({ ...usual, ':scheme': 'http\r\nx-other: w' }) },
  'a path in :scheme': { fields: pseudo({ ...usual, ':scheme': 'http://other.test/hidden?' }) },
  'an empty :scheme': { fields: pseudo({ ...usual, ':scheme': '' }) },
  // pseudo-fields: which
  'two :method': { fields: [[':method', 'GET'], ...get()] },
  'two :path': { fields: [[':path', '/hidden'], ...get()] },
  'two :scheme': { fields: [[':scheme', 'https'], ...get()] },
  'two :authority': { fields: [[':authority', 'other.test'], ...get()] },
  'no :method': { fields: get().slice(1) },
  'no :scheme': { fields: get().filter(([name]) => name !== ':scheme') },
  'no :path': { fields: get().filter(([name]) => name !== ':path') },
  'no host of any kind': { fields: get().filter(([name]) => name !== ':authority') },
  'an unknown pseudo-field': { fields: [[':hidden', '1'], ...get()] },
  'a pseudo-field of answers': { fields: [[':status', '200'], ...get()] },
  'a pseudo-field behind the others’ end': { fields: get(['x-any', 'v'], [':path', '/hidden']) },
  'a pseudo-field in upper case': { fields: [[':METHOD', 'GET'], ...get().slice(1)] },
  ':protocol without the extension for it': {
    fields: [[':protocol', 'websocket'], ...pseudo({ ...usual, ':method': 'CONNECT' })],
  },
  'CONNECT with a path': { fields: pseudo({ ...usual, ':method': 'CONNECT' }) },
  'CONNECT to another host': { fields: pseudo({ ':method': 'CONNECT', ':authority': 'other.test:443' }) },
  'a host that differs from :authority': { fields: get(['host', 'other.test']) },
  'two hosts': {
    fields: pseudo({ ':method': 'GET', ':scheme': 'http', ':path': '/' }, ['host', 'a'], ['host', 'b']),
  },
  // trailers
  'a pseudo-field in trailers': { fields: post(), body: 'body', trailers: [[':path', '/hidden']] },
  'trailers with an upper-case name': { fields: post(), body: 'body', trailers: [['X-Sum', '1']] },
  'CR LF in trailers': { fields: post(), body: 'body', trailers: [['x-sum', `1\r\n\r\n${HIDDEN}`]] },
  'connection-specific fields in trailers': {
    fields: post(),
    body: 'body',
    trailers: [['connection', 'close']],
  },
  'transfer-encoding in trailers': {
    fields: post(),
    body: 'body',
    trailers: [['transfer-encoding', 'chunked']],
  },
  ...Object.fromEntries(
    OTHER_LENGTHS.map((length) => [
      `content-length ${JSON.stringify(length)}`,
      { fields: post(['content-length', length]), body: 'bodyx' },
    ]),
  ),
}

/** May be refused, or forwarded as one clean request. */
const clean: Readonly<Record<string, Attack>> = {
  'the same content-length twice': {
    fields: post(['content-length', '4'], ['content-length', '4']),
    body: 'body',
  },
  'content-length on GET': { fields: get(['content-length', '4']), body: 'body' },
  'a body on GET without length': { fields: get(), body: HIDDEN },
  'a body that looks like chunks': { fields: post(), body: `0\r\n\r\n${HIDDEN}` },
  'a host that repeats :authority': { fields: get(['host', 'gateway.test']) },
  'blanks around a value': { fields: get(['x-any', ' v ']) },
  'a colon and a tab in a value': { fields: get(['x-any', 'a:\tb']) },
  'a byte above ASCII in a value': { fields: get(['x-any', 'v\xe9']) },
  'an absolute :path': { fields: pseudo({ ...usual, ':path': 'http://other.test/hidden' }) },
  'a fragment in :path': { fields: pseudo({ ...usual, ':path': '/a#b' }) },
  'two slashes at the start of :path': { fields: pseudo({ ...usual, ':path': '//other.test/hidden' }) },
  'dots in :path': { fields: pseudo({ ...usual, ':path': '/a/../hidden' }) },
  'the asterisk with GET': { fields: pseudo({ ...usual, ':path': '*' }) },
  'an empty :authority and a host': { fields: pseudo({ ...usual, ':authority': '' }, ['host', 'a']) },
  'content-length in trailers': { fields: post(), body: 'body', trailers: [['content-length', '0']] },
  'host in trailers': { fields: post(['trailer', 'host']), body: 'body', trailers: [['host', 'other.test']] },
  'expect with another value': { fields: post(['expect', 'anything']), body: 'body' },
  'http2-settings': { fields: get(['http2-settings', 'AAMAAABkAAQAoAAAAAIAAAAA']) },
  'a cookie of separators': { fields: get(['cookie', '; ; a=1;'], ['cookie', '']) },
}

/** Sends it on a connection of its own; the answer's status, or 0 where the stream or the connection was cut. */
async function send(rig: Http2Rig, { fields, body, trailers }: Attack): Promise<number> {
  const client = await rig.connect()
  client.send(headers(1, fields, body === undefined ? END_STREAM : 0))
  if (body !== undefined) client.send(frame(type.DATA, trailers === undefined ? END_STREAM : 0, 1, body))
  if (trailers !== undefined) client.send(headers(1, trailers))
  const answer = await client.settled(1)
  // What came of it has come when a later exchange is through.
  await rig.probe()
  return answer.reset > 0 && answer.status === 200 ? 0 : answer.status
}

/** What the target saw of it: not the probe. */
function forwarded(rig: Http2Rig) {
  return rig.target.calls.filter((call) => call.request.target !== '/probe')
}

overHttp2('HTTP/2 to HTTP/1.1', {}, (check) => {
  for (const [what, attack] of Object.entries(refused))
    check(`${what} is refused and never forwarded whole`, async (rig) => {
      const status = await send(rig, attack)
      assert.ok(status === 0 || (status >= 400 && status < 502), `answered ${status}`)
      for (const call of forwarded(rig)) {
        // The head may have gone before the body turned out to be wrong: then the request has no end.
        assert.notEqual(attack.body, undefined, `forwarded: ${call.request.head}`)
        await call.body().catch(() => {})
        assertClean(call.request.head)
        assert.equal(call.request.whole && call.request.framing !== 'none', false, 'the target saw it end')
      }
      assert.ok(!rig.target.requests.some((request) => request.head.includes('hidden')))
    })

  for (const [what, attack] of Object.entries(clean))
    check(`${what}: refused, or one clean request`, async (rig) => {
      const status = await send(rig, attack)
      const calls = forwarded(rig)
      assert.ok(calls.length <= 1, 'one request at most')
      if (status === 200) assert.equal(calls.length, 1)
      for (const call of calls) {
        assertClean(call.request.head)
        const sent = attack.body ?? ''
        if (status === 200) assert.equal((await call.body()).toString('latin1'), sent)
        assert.deepEqual(
          call.request.trailers.filter(([name]) => /^(content-length|host)$/i.test(name)),
          [],
        )
      }
    })
})

/** A head that any reader understands alike: whole lines of tokens and values, one framing, one host. */
function assertClean(head: string): void {
  const lines = head.split('\r\n')
  assert.match(lines[0] ?? '', /^[A-Z]+ [/*][^\s]* HTTP\/1\.1$/, head)
  for (const line of lines.slice(1, -2))
    assert.match(line, /^[\w!#$%&'*+.^`|~-]+: ?[\t\x20-\x7e\x80-\xff]*$/, head)
  const count = (name: string): number =>
    lines.filter((line) => line.toLowerCase().startsWith(`${name}:`)).length
  assert.equal(count('host'), 1, head)
  assert.ok(count('content-length') + count('transfer-encoding') <= 1, head)
  assert.ok(count('upgrade') + count('http2-settings') === 0, head)
}

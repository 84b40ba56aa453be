/** RFC 9112 §3 and RFC 9110 §7.2: methods, the forms of a request-target, versions, and Host. */
import assert from 'node:assert/strict'
import { eachEngine, type Rig } from '../kit/each-engine.ts'

async function refused(rig: Rig, request: string, status: number): Promise<void> {
  const client = await rig.connect()
  await client.send(request)
  const answer = await client.answer()
  assert.equal(answer.status, status, JSON.stringify(request))
  assert.deepEqual(rig.target.requests, [], 'nothing of it reaches the target')
}

async function refusedAndClosed(rig: Rig, request: string, status: number): Promise<void> {
  const client = await rig.connect()
  await client.send(request)
  const answer = await client.answer()
  assert.equal(answer.status, status, JSON.stringify(request))
  assert.match(answer.get('connection') ?? '', /close/i)
  assert.equal(await client.closed(), '')
  assert.deepEqual(rig.target.requests, [], 'nothing of it reaches the target')
}

eachEngine('request line', {}, (check) => {
  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PURGE', 'x-Own.method!']) {
    check(`${method} is proxied as it is`, async (rig) => {
      const body = method === 'POST' || method === 'PUT' ? 'Content-Length: 0\r\n' : ''
      assert.equal((await rig.ask(`${method} /m HTTP/1.1\r\nHost: a\r\n${body}\r\n`)).status, 200)
      assert.equal(rig.target.last.firstLine, `${method} /m HTTP/1.1`)
    })
  }

  check('TRACE is refused with 405', (rig) => refused(rig, 'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n', 405))

  check('CONNECT is refused with 405 and opens no tunnel', async (rig) => {
    const client = await rig.connect()
    await client.send('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n')
    assert.equal((await client.answer()).status, 405)
    assert.deepEqual(rig.target.requests, [])
  })

  check('CONNECT with a path opens no tunnel either', async (rig) => {
    const { status } = await rig.ask('CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.ok(status === 400 || status === 405, `answered ${status}`)
    assert.deepEqual(rig.target.requests, [])
  })

  check('absolute-form is taken apart: its authority replaces Host, its path goes on', async (rig) => {
    const request = 'GET http://real.test/p?q=1 HTTP/1.1\r\nHost: other.test\r\n\r\n'
    assert.equal((await rig.ask(request)).status, 200)
    assert.equal(rig.target.last.firstLine, 'GET /p?q=1 HTTP/1.1')
    assert.equal(rig.target.last.get('x-forwarded-host'), 'real.test')
    assert.equal(rig.target.last.all('host').length, 1)
    assert.doesNotMatch(rig.target.last.head, /other\.test/)
  })

  check('absolute-form without a path asks for the root', async (rig) => {
    assert.equal((await rig.ask('GET http://real.test HTTP/1.1\r\nHost: real.test\r\n\r\n')).status, 200)
    assert.equal(rig.target.last.firstLine, 'GET / HTTP/1.1')
    assert.equal((await rig.ask('GET http://real.test?q HTTP/1.1\r\nHost: real.test\r\n\r\n')).status, 200)
    assert.equal(rig.target.last.firstLine, 'GET /?q HTTP/1.1')
  })

  check('absolute-form without Host is refused in HTTP/1.1', (rig) =>
    refusedAndClosed(rig, 'GET http://real.test/ HTTP/1.1\r\n\r\n', 400),
  )

  check('"OPTIONS *" is answered and never breaks the connection', async (rig) => {
    const client = await rig.connect()
    await client.send('OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n')
    const { status } = await client.answer()
    assert.equal(status, 200)
    await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.equal((await client.answer()).status, 200)
  })

  const malformed: Readonly<Record<string, string>> = {
    '"GET *"': 'GET * HTTP/1.1\r\nHost: a\r\n\r\n',
    'a relative path': 'GET path HTTP/1.1\r\nHost: a\r\n\r\n',
    'authority-form with GET': 'GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n',
    'a fragment': 'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n',
    'a foreign scheme': 'GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n',
    'absolute-form without authority': 'GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n',
    'absolute-form with userinfo': 'GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n',
    'a space in the target': 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n',
    'a tab for a space': 'GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n',
    'two spaces behind the method': 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n',
    'two spaces before the version': 'GET /  HTTP/1.1\r\nHost: a\r\n\r\n',
    'a space behind the version': 'GET / HTTP/1.1 \r\nHost: a\r\n\r\n',
    'a space before the method': ' GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'a control character in the target': 'GET /a\x01b HTTP/1.1\r\nHost: a\r\n\r\n',
    'NUL in the target': 'GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n',
    'DEL in the target': 'GET /a\x7fb HTTP/1.1\r\nHost: a\r\n\r\n',
    'a byte above ASCII in the target': 'GET /a\xe9 HTTP/1.1\r\nHost: a\r\n\r\n',
    'a bare CR in the target': 'GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n',
    'a separator in the method': 'GE(T / HTTP/1.1\r\nHost: a\r\n\r\n',
    'no version (HTTP/0.9)': 'GET /\r\n\r\n',
    'a lower-case version': 'GET / http/1.1\r\nHost: a\r\n\r\n',
    'a version with leading zero': 'GET / HTTP/01.1\r\nHost: a\r\n\r\n',
    'a version with two digits': 'GET / HTTP/1.10\r\nHost: a\r\n\r\n',
    'another protocol': 'GET / HTCPCP/1.1\r\nHost: a\r\n\r\n',
  }
  for (const [what, request] of Object.entries(malformed))
    check(`${what} in the request line is refused with 400 and closed`, async (rig) => {
      const client = await rig.connect()
      await client.send(request)
      const answer = await client.answer()
      assert.ok(answer.status === 400 || (answer.status === 505 && /version/.test(what)), `${answer.status}`)
      assert.equal(await client.closed(), '')
      assert.deepEqual(rig.target.requests, [])
    })

  for (const version of ['HTTP/2.0', 'HTTP/1.2', 'HTTP/3.0', 'HTTP/9.9'])
    check(`${version} on a plain connection is refused with 505 and closed`, (rig) =>
      refusedAndClosed(rig, `GET / ${version}\r\nHost: a\r\n\r\n`, 505),
    )

  const hosts: Readonly<Record<string, string>> = {
    'no Host': '',
    'two different Hosts': 'Host: a\r\nHost: b\r\n',
    'the same Host twice': 'Host: a\r\nHost: a\r\n',
    'an empty Host': 'Host:\r\n',
    'userinfo in Host': 'Host: u@a\r\n',
    'a path in Host': 'Host: a/b\r\n',
    'a list in Host': 'Host: a,b\r\n',
    'a space in Host': 'Host: a b\r\n',
    'a scheme in Host': 'Host: http://a\r\n',
    'a query in Host': 'Host: a?b\r\n',
    'a fragment in Host': 'Host: a#b\r\n',
    'letters for a port': 'Host: a:b\r\n',
    'a port above 65535': 'Host: a:65536\r\n',
    'an open bracket': 'Host: [::1\r\n',
    'two colons': 'Host: a:1:2\r\n',
  }
  for (const [what, line] of Object.entries(hosts))
    check(`${what} is refused with 400 and closed`, (rig) =>
      refusedAndClosed(rig, `GET / HTTP/1.1\r\n${line}\r\n`, 400),
    )

  for (const host of ['a', 'A.Test', 'a:8080', '127.0.0.1', '[::1]', '[::1]:80', 'a_b.test', 'a.test.', 'a:'])
    check(`the Host "${host}" is fine`, async (rig) => {
      assert.equal((await rig.ask(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).status, 200)
    })
})

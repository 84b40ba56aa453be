/** What a request must be like to be routed, and what admission reads of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClient, readExchange } from '../../../test/kit/flow-rig.ts'
import { CidrSet } from '../../base/cidr.ts'
import { type Fault, faults } from '../../base/faults.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { Admission } from './admit.ts'

const admission = new Admission({
  trusted: new CidrSet([]),
  realIpHeader: 'x-real-ip',
  realIpRecursive: false,
})

function admit(text: string): { x: Exchange; fault: Fault; host: string; path: string } {
  const x = readExchange(text, new FakeClient())
  const fault = admission.admit(x)
  return {
    x,
    fault,
    host: x.request.bytes.latin1Slice(x.hostStart, x.hostEnd),
    path: x.pathBytes.latin1Slice(x.pathStart, x.pathEnd),
  }
}

test('host, port and path are where routing looks for them', () => {
  const { x, fault, host, path } = admit('GET /a/b?c HTTP/1.1\nHost: Example.com:81\n')
  assert.equal(fault, faults.NONE)
  assert.deepEqual([host, x.hostPort, path], ['Example.com', 81, '/a/b'])
  assert.deepEqual([x.clientAddress, x.clientTrusted, x.forwardedScheme], ['192.0.2.7', false, 'http'])
})

test('the authority of an absolute target takes the place of Host, which must be right all the same', () => {
  const { host, path, x } = admit('GET http://b:90/p HTTP/1.1\nHost: a\n')
  assert.deepEqual([host, x.hostPort, path], ['b', 90, '/p'])
  assert.equal(admit('GET http://b/p HTTP/1.1\nHost: a b\n').fault, faults.REQUEST_MALFORMED)
  assert.equal(admit('GET http://u@b/p HTTP/1.1\nHost: b\n').fault, faults.REQUEST_MALFORMED)
})

test('Host is due exactly once in HTTP/1.1, and at most once in HTTP/1.0', () => {
  const refused = ['GET / HTTP/1.1\n', 'GET / HTTP/1.1\nHost:\n', 'GET / HTTP/1.1\nHost: a\nHost: a\n']
  refused.push(
    'GET / HTTP/1.0\nHost: a\nHost: b\n',
    'GET / HTTP/1.1\nHost: a:x\n',
    'GET / HTTP/1.1\nHost: a,b\n',
  )
  for (const text of refused) assert.equal(admit(text).fault, faults.REQUEST_MALFORMED, text)
  const old = admit('GET / HTTP/1.0\n')
  assert.deepEqual([old.fault, old.x.hostEnd], [faults.NONE, 0])
})

test('a path in another than its normal form is brought to it, one that climbs out is refused', () => {
  assert.equal(admit('GET //a/./b/../%63%2fd HTTP/1.1\nHost: a\n').path, '/a/c%2Fd')
  assert.equal(admit('GET http://b HTTP/1.1\nHost: b\n').path, '/')
  assert.equal(admit('GET /../a HTTP/1.1\nHost: a\n').fault, faults.REQUEST_MALFORMED)
})

test('an odd path of any length fits', () => {
  const long = `/${'a'.repeat(700)}/../b`
  assert.equal(admit(`GET ${long} HTTP/1.1\nHost: a\n`).path, '/b')
})

test('OPTIONS * asks about the server and has no path', () => {
  const options = admit('OPTIONS * HTTP/1.1\nHost: a\n')
  assert.deepEqual([options.fault, options.path], [faults.NONE, ''])
})

test('TRACE is not forwarded, and names that begin like it are', () => {
  assert.equal(admit('TRACE / HTTP/1.1\nHost: a\n').fault, faults.METHOD_NOT_ALLOWED)
  for (const method of ['TRACK', 'TRACES', 'TRAC', 'CONNECTED', 'trace', 'COPY'])
    assert.equal(admit(`${method} / HTTP/1.1\nHost: a\n`).fault, faults.NONE, method)
})

test('the one expectation there is, is known; others fail; HTTP/1.0 has none', () => {
  const post = (expect: string, version = 'HTTP/1.1', length = 3): string =>
    `POST / ${version}\nHost: a\nContent-Length: ${length}\nExpect: ${expect}\n`
  assert.equal(admit(post('100-Continue')).x.expectsContinue, true)
  assert.equal(
    admit(post('100-continue', 'HTTP/1.1', 0)).x.expectsContinue,
    false,
    'there is no body to wait for',
  )
  assert.equal(admit(post('magic')).fault, faults.EXPECTATION_FAILED)
  const old = admit(post('magic', 'HTTP/1.0'))
  assert.deepEqual([old.fault, old.x.expectsContinue], [faults.NONE, false])
})

test('a request that is refused still tells the log who sent it', () => {
  assert.equal(admit('GET / HTTP/1.1\n').x.clientAddress, '192.0.2.7')
})

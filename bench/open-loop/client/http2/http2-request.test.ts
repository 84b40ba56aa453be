/** Requests as HTTP/2 has them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClosedLoad } from '../../../closed-loop/load-result.ts'
import { renderHttp2 } from './http2-request.ts'

const LOAD: ClosedLoad = {
  origin: 'https://127.0.0.1:8443',
  method: 'POST',
  paths: ['/a', '/b'],
  fields: { Accept: 'x', 'X-Trace': 'y' },
  upload: 3,
  connections: 1,
  seconds: 1,
}

test('names are small, and what HTTP/1.1 has in its first line and in Host is in pseudo-fields', () => {
  const [one, two] = renderHttp2(LOAD)
  const pseudo = { ':method': 'POST', ':scheme': 'https', ':authority': '127.0.0.1:8443' }
  const fields = { accept: 'x', 'x-trace': 'y', 'content-length': '3' }
  assert.deepEqual(one?.fields, { ...pseudo, ':path': '/a', ...fields })
  assert.equal(two?.fields[':path'], '/b')
  assert.equal(one?.body.toString(), 'xxx')
})

test('a Host that was given is the authority', () => {
  const [one] = renderHttp2({ ...LOAD, fields: { Host: 'shop.test' } })
  assert.equal(one?.fields[':authority'], 'shop.test')
  assert.equal(one?.fields['host'], undefined)
})

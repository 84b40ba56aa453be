/** Posting to a receiver; what http-log, zipkin and opentelemetry make of it is tested with them. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { Post } from './post.ts'

test('timeouts of 0 are those that sockets have by themselves, and not none at all', async (t) => {
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => response.end())
  })
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // it listens on a port
  const times = { connectTimeoutMs: 0, sendTimeoutMs: 0, readTimeoutMs: 0, keepaliveMs: 1000 }
  const url = `http://127.0.0.1:${port}/`
  const post = new Post({ ...times, url, method: 'POST', headers: {}, verifiesTls: true }, [])
  t.after(() => post.close())
  assert.equal(await post.send('record'), 200)
})

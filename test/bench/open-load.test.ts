/** What the open-loop generator makes of servers that reset, hang, refuse, and answer in every way HTTP/1.1 allows. */
import assert from 'node:assert/strict'
import http from 'node:http'
import net from 'node:net'
import { type TestContext, test } from 'node:test'
import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import type { OpenLoad } from '../../bench/open-loop/load.ts'
import { runOpenLoad } from '../../bench/open-loop/run-open-load.ts'
import { freePort } from '../kit/ports.ts'

function load(port: number, more: Partial<OpenLoad> = {}): OpenLoad {
  return {
    origin: `http://127.0.0.1:${port}`,
    method: 'GET',
    paths: ['/'],
    fields: {},
    upload: 0,
    rate: 200,
    seconds: 1,
    warmUpSeconds: 0,
    connections: 4,
    timeoutMs: 10_000,
    ...more,
  }
}

async function open(t: TestContext, server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    if (server instanceof http.Server) server.closeAllConnections()
  })
  return (server.address() as net.AddressInfo).port // a TCP server's address is never a string
}

test('each request that a server resets is an error in words, and the others go on', async (t) => {
  let asked = 0
  const server = http.createServer((request, response) => {
    if (++asked % 10 === 0) request.socket.resetAndDestroy()
    else response.end('ok')
  })
  const found = await runOpenLoad(load(await open(t, server)), [])
  assert.equal(found.requests, 200)
  assert.equal(asked, 200)
  assert.equal(found.errors, 20)
  assert.deepEqual(found.errorSamples, ['20 × connection reset'])
})

test('requests of the warm-up are sent and not counted', async (t) => {
  let asked = 0
  const server = http.createServer((_request, response) => {
    response.statusCode = ++asked <= 50 ? 500 : 200
    response.end()
  })
  const port = await open(t, server)
  const found = await runOpenLoad(load(port, { warmUpSeconds: 0.25, connections: 1 }), [])
  assert.equal(asked, 250)
  assert.deepEqual([found.requests, found.errors], [200, 0])
  assert.equal(decodeFromCompressedBase64(found.histogram).totalCount, 200)
})

test('what is never answered counts with the timeout, also what waited for a connection', async (t) => {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
  })
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  const port = await open(t, server)
  const found = await runOpenLoad(load(port, { rate: 50, connections: 2, timeoutMs: 300 }), [])
  const times = decodeFromCompressedBase64(found.histogram)
  assert.deepEqual([found.requests, found.errors], [50, 50])
  assert.ok(found.errorSamples.every((words) => /timed out/.test(words)))
  assert.ok(Math.abs(times.minNonZeroValue - 300_000) < 1000, `${times.minNonZeroValue} µs`)
})

test('a host that takes no connection is told before any load', async () => {
  const port = await freePort()
  await assert.rejects(runOpenLoad(load(port), []), /ECONNREFUSED/)
})

test('HTTPS to a port that speaks HTTP is told in words, and is no result', async (t) => {
  const port = await open(t, http.createServer())
  const origin = `https://127.0.0.1:${port}`
  await assert.rejects(runOpenLoad(load(port, { origin }), []), /no connection to https:.*no TLS is spoken/)
})

test('a host that takes connections and never finishes a handshake is told after the timeout', async (t) => {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => void sockets.add(socket.on('error', () => {})))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  const port = await open(t, server)
  const origin = `https://127.0.0.1:${port}`
  await assert.rejects(
    runOpenLoad(load(port, { origin, timeoutMs: 300 }), []),
    /no connection to https:.*none was open after 300 ms/,
  )
})

test('a status of 400 and more is an error with its number', async (t) => {
  const server = http.createServer((_request, response) => {
    response.statusCode = 503
    response.end('busy')
  })
  const found = await runOpenLoad(load(await open(t, server)), [])
  assert.deepEqual([found.errors, found.errorSamples], [200, ['200 × status 503']])
})

test('what is no HTTP is an unreadable answer', async (t) => {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => socket.end('SSH-2.0-none\r\n'))
  })
  const found = await runOpenLoad(load(await open(t, server)), [])
  assert.deepEqual([found.errors, found.errorSamples], [200, ['200 × unreadable answer']])
})

test('answers in chunks, without a body, of a megabyte and until the close are read to their end', async (t) => {
  const megabyte = Buffer.alloc(1 << 20, 'x')
  const server = http.createServer((request, response) => {
    if (request.url === '/chunks') {
      response.write('one')
      setImmediate(() => response.end('two'))
    } else if (request.url === '/nothing') response.writeHead(204).end()
    else if (request.url === '/megabyte') response.end(megabyte)
    else response.socket!.end('HTTP/1.0 200 OK\r\n\r\nuntil the close')
  })
  const port = await open(t, server)
  const paths = ['/chunks', '/nothing', '/megabyte', '/close']
  const found = await runOpenLoad(load(port, { paths, rate: 40 }), [])
  assert.deepEqual([found.requests, found.errors, found.errorSamples], [40, 0, []])
})

test('answers to HEAD have no body, whatever length they tell', async (t) => {
  const server = http.createServer((_request, response) => response.setHeader('content-length', 500).end())
  const found = await runOpenLoad(load(await open(t, server), { method: 'HEAD' }), [])
  assert.deepEqual([found.requests, found.errors, found.errorSamples], [200, 0, []])
})

test('bodies arrive whole, in each of many requests on a connection', async (t) => {
  let wrong = 0
  const server = http.createServer(async (request, response) => {
    let bytes = 0
    for await (const chunk of request) bytes += chunk.length
    if (bytes !== 200_000 || request.headers['content-length'] !== '200000') wrong++
    response.end()
  })
  const port = await open(t, server)
  const found = await runOpenLoad(load(port, { method: 'POST', upload: 200_000, rate: 50 }), [])
  assert.deepEqual([found.requests, found.errors, wrong], [50, 0, 0])
})

test('requests are timed from when they were due, also behind a slow one on the only connection', async (t) => {
  const server = http.createServer((_request, response) => setTimeout(() => response.end(), 50))
  const port = await open(t, server)
  const found = await runOpenLoad(load(port, { rate: 100, seconds: 0.1, connections: 1 }), [])
  const times = decodeFromCompressedBase64(found.histogram)
  // Ten are due within 90 ms and take 50 ms one after the other: the last ends after 500 ms at the earliest.
  assert.ok(times.maxValue >= 405_000, `${times.maxValue} µs`)
})

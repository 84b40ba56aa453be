/** The obvious gateway in Node: node:http in front, a pool of undici behind, bodies streamed both ways. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import { type Dispatcher, Pool } from 'undici'
import { inEachWorker, listen, origin, POOL_SIZE } from './gateway-process.ts'

/** RFC 9110, 7.6.1: they belong to one connection. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

function endToEnd(fields: NodeJS.Dict<string | string[]>): NodeJS.Dict<string | string[]> {
  const kept: NodeJS.Dict<string | string[]> = {}
  for (const name in fields) if (!HOP_BY_HOP.has(name)) kept[name] = fields[name]
  return kept
}

/** undici's documentation: stream() is the faster request(), as the answer goes straight into what it returns. */
async function forward(pool: Pool, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = endToEnd(request.headers)
  headers['x-forwarded-for'] = request.socket.remoteAddress ?? ''
  headers['x-forwarded-proto'] = 'http'
  const hasBody = 'content-length' in request.headers || 'transfer-encoding' in request.headers
  const method = request.method as Dispatcher.HttpMethod // undici refuses the others itself
  await pool.stream({ path: request.url ?? '/', method, headers, body: hasBody ? request : null }, (answer) =>
    response.writeHead(answer.statusCode, endToEnd(answer.headers)),
  )
}

inEachWorker(() => {
  const pool = new Pool(origin, { connections: POOL_SIZE, pipelining: 1, keepAliveTimeout: 60_000 })
  const server = http.createServer((request, response) => {
    forward(pool, request, response).catch(() => {
      if (response.headersSent) response.destroy()
      else response.writeHead(502).end()
    })
  })
  listen(server)
})

/** quickstart — small targets on loopback for examples/quickstart, so that a first try needs nothing else. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { faults, GatewayError } from '../base/faults.ts'
import { packageRoot } from './machine.ts'

/** As examples/quickstart/kong.yml names them. */
const ORDERS_PORT = 9101
const GREETINGS_PORT = 9102

export interface Quickstart {
  /** The configuration to run. */
  readonly file: string
  /** Says what to try. */
  greet(addresses: readonly string[]): void
  close(): Promise<void>
}

export async function openQuickstart(): Promise<Quickstart> {
  const servers = [await open(ORDERS_PORT, orders), await open(GREETINGS_PORT, greetings)]
  return {
    file: join(packageRoot(), 'examples', 'quickstart', 'kong.yml'),
    greet,
    close: async () => {
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
}

function greet(addresses: readonly string[]): void {
  const at = (addresses[0] ?? '').replace('0.0.0.0', 'localhost')
  process.stdout.write(
    `\nSluice is ready. Try, from another terminal:\n
  curl -i http://${at}/orders
  curl -i http://${at}/orders/2 -X POST -d '{"item":"tea"}'
  curl -i 'http://${at}/hello?name=you'\n
The configuration is examples/quickstart/kong.yml. Ctrl-C stops it.\n\n`,
  )
}

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

const stock = [
  { id: 1, item: 'coffee', count: 2 },
  { id: 2, item: 'tea', count: 1 },
]

function orders(request: IncomingMessage, response: ServerResponse, body: string): void {
  const id = Number(/^\/(\d+)$/.exec(request.url ?? '')?.[1] ?? 0)
  if (request.method === 'GET') {
    const found = id === 0 ? stock : stock.find((order) => order.id === id)
    return sendJson(response, found === undefined ? 404 : 200, found ?? { message: 'no such order' })
  }
  sendJson(response, 201, { received: body, method: request.method, path: request.url })
}

function greetings(request: IncomingMessage, response: ServerResponse): void {
  const name = new URL(request.url ?? '/', 'http://localhost').searchParams.get('name') ?? 'world'
  sendJson(response, 200, { message: `hello, ${name}`, seen: request.headers })
}

function open(port: number, answer: Answer): Promise<Server> {
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (text: string) => {
      if (body.length < 4096) body += text
    })
    request.on('end', () => answer(request, response, body))
  })
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new GatewayError(faults.PORT_IN_USE, `127.0.0.1:${port}, for a target of the quickstart`, cause),
      ),
    )
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' })
  response.end(`${JSON.stringify(value)}\n`)
}

/** An origin in the test's own process: it answers what the query asks for, and tells what a proxy sent it. */
import { createHash } from 'node:crypto'
import http, { type IncomingMessage } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { answerBody } from '../../bench/peers/origin/answer.ts'

/** What `?seen` is answered with. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly fields: Readonly<Record<string, string>>
  readonly digest: string
}

export class RecordingOrigin {
  /** That were ever opened, less the first look at whether somebody listens. */
  connections = 0
  readonly #server: Server

  constructor() {
    const server = http.createServer(async (request, response) => {
      const bytes = Number(/bytes=(\d+)/.exec(request.url ?? '')?.[1] ?? 0)
      const seen = await lookAt(request)
      response.end(bytes > 0 ? answerBody(bytes) : JSON.stringify(seen))
    })
    server.keepAliveTimeout = 60_000
    server.on('connection', () => {
      this.connections += 1
    })
    this.#server = server
  }

  async open(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as AddressInfo).port // a TCP server's address is never a string
  }

  close(): void {
    this.#server.close()
    ;(this.#server as http.Server).closeAllConnections() // it is the one that the constructor made
  }
}

async function lookAt(request: IncomingMessage): Promise<Seen> {
  const hash = createHash('sha256')
  for await (const chunk of request) hash.update(chunk as Buffer)
  // Fields that come twice are joined, but for Set-Cookie, which no request has.
  const fields = request.headers as Record<string, string>
  return { method: request.method ?? '', url: request.url ?? '', fields, digest: hash.digest('hex') }
}

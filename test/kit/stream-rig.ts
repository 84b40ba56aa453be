/** stream-rig — a gateway with stream listeners on free ports, and targets that speak no HTTP. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { until } from './command.ts'
import { type Engine, type Gateway, openGateway } from './gateway.ts'
import { type KongConfig, kongYml } from './kong-config.ts'
import { freePort } from './ports.ts'
import { connect, type RawClient } from './raw-client.ts'

export interface StreamRig {
  readonly gateway: Gateway
  /** Of the plain listener. */
  readonly port: number
  /** Of the one with `ssl`. */
  readonly securePort: number
  connect(): Promise<RawClient>
  /** Lines of the stream log so far. */
  lines(): string[]
  /** The next line that holds `word`, as soon as it is there. */
  lineWith(word: string): Promise<string>
  metric(line: string): Promise<number>
  stop(): Promise<void>
}

export interface StreamRigOptions {
  readonly config: KongConfig
  readonly engine?: Engine
  readonly env?: Readonly<Record<string, string>>
  /** Flags of the plain listener. */
  readonly flags?: string
}

export async function openStreams(options: StreamRigOptions): Promise<StreamRig> {
  const [port, securePort] = [await freePort(), await freePort()]
  const plain = `127.0.0.1:${port} ${options.flags ?? ''}`
  const gateway = await openGateway({
    config: kongYml(options.config),
    ...(options.engine === undefined ? {} : { engine: options.engine }),
    env: {
      SLUICE_STREAM_LISTEN: `${plain}, 127.0.0.1:${securePort} ssl`,
      SLUICE_PROXY_STREAM_ACCESS_LOG: 'stream.log',
      ...options.env,
    },
  })
  const file = join(gateway.folder, 'stream.log')
  const lines = () =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
  return {
    gateway,
    port,
    securePort,
    connect: () => connect({ port }),
    lines,
    lineWith: async (word) => {
      await until(`a line with ${word}`, () => lines().some((line) => line.includes(word)))
      return lines().find((line) => line.includes(word))!
    },
    metric: async (name) => {
      const answer = await fetch(`http://127.0.0.1:${gateway.statusPort}/metrics`)
      const line = (await answer.text()).split('\n').find((each) => each.startsWith(`${name} `))
      return Number(line?.slice(name.length + 1))
    },
    stop: async () => {
      await gateway.stop()
    },
  }
}

/** A server that does with each connection as it is told. */
export class PlainTarget {
  connections = 0
  open = 0
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()

  constructor(serve: (socket: net.Socket) => void) {
    this.#server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.connections++
      this.open++
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.open--
        this.#sockets.delete(socket)
      })
      serve(socket)
    })
  }

  get port(): number {
    const address = this.#server.address()
    return address !== null && typeof address === 'object' ? address.port : 0
  }

  async listen(port = 0): Promise<this> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  /** As when its process dies: connections are reset, and the port is closed. */
  async kill(): Promise<void> {
    for (const socket of this.#sockets) socket.resetAndDestroy()
    await this.close()
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** Sends back what comes, and ends when its client does. */
export function openEcho(): Promise<PlainTarget> {
  return new PlainTarget((socket) => socket.pipe(socket)).listen()
}

/** A tcp service on one port of 127.0.0.1, with a route for whoever connects to `port` of the gateway. */
export function tcpService(targetPort: number, service: object = {}, route: object = {}) {
  const routes = [{ name: 'all', protocols: ['tcp'], sources: [{ ip: '127.0.0.0/8' }], ...route }]
  return { name: 'target', host: '127.0.0.1', port: targetPort, protocol: 'tcp', ...service, routes }
}

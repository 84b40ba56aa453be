/**
 * http-probe — GET over a connection of its own, in the clear or over TLS.
 *
 * The status decides; the body is read up to BODY_MAX so that a target with a small answer sees its client leave in
 * good order. The limit of time covers connecting, TLS and the answer's head together, and the body once more.
 */
import type net from 'node:net'
import { type buildConnector, Client } from 'undici'
import { authorityOf, isSocketPath } from '../../../flow/balancer/host-port.ts'
import { type Probe, type ProbePlace, type ProbeResult, reason } from './probe.ts'
import { openProbeSocket, type ProbeSocketOptions } from './probe-socket.ts'

const BODY_MAX = 64 * 1024
const HEAD_MAX = 64 * 1024

export interface HttpProbeOptions extends ProbeSocketOptions {
  readonly path: string
  readonly limitMs: number
  /** For all targets; null: each target's own name and port. */
  readonly hostHeader: string | null
  readonly headers: Readonly<Record<string, readonly string[]>>
}

/** Say how the connection goes on, or how the body is framed: not for the configuration to set. */
const RESERVED = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
])
const USER_AGENT = 'sluice/health'

export function makeHttpProbe(options: HttpProbeOptions): Probe {
  const given = Object.entries(options.headers).filter(([name]) => !RESERVED.has(name.toLowerCase()))
  return (place) => ask(place, options, headersOf(place, given, options))
}

/** Name, value, name, value. */
function headersOf(
  place: ProbePlace,
  given: readonly (readonly [string, readonly string[]])[],
  options: HttpProbeOptions,
): string[] {
  const names = new Set(given.map(([name]) => name.toLowerCase()))
  const protocol = options.isTls ? 'https' : 'http'
  const { ip, port } = place.address
  const own = isSocketPath(ip) ? place.host : authorityOf(place.host, port, protocol)
  const headers: string[] = []
  if (!names.has('host')) headers.push('host', options.hostHeader ?? own)
  if (!names.has('user-agent')) headers.push('user-agent', USER_AGENT)
  for (const [name, values] of given) for (const value of values) headers.push(name, value)
  return headers
}

async function ask(place: ProbePlace, options: HttpProbeOptions, headers: string[]): Promise<ProbeResult> {
  const connection = new Connection(place, options)
  // A timer of ours: undici's own go by a coarse clock and start anew with each phase.
  const late = setTimeout(() => connection.end(), options.limitMs)
  try {
    const { statusCode, body } = await connection.client.request({
      method: 'GET',
      path: options.path,
      headers,
      reset: true,
    })
    late.refresh()
    // What becomes of the body changes nothing.
    await body.dump({ limit: BODY_MAX }).catch(() => {})
    return { kind: 'answered', status: statusCode }
  } catch (cause) {
    return connection.isEnded ? { kind: 'timeout' } : { kind: 'failed', why: reason(cause) }
  } finally {
    clearTimeout(late)
    connection.end()
  }
}

class Connection {
  readonly client: Client
  readonly #socket: () => net.Socket
  #opened: net.Socket | null
  isEnded: boolean

  constructor(place: ProbePlace, options: HttpProbeOptions) {
    this.#socket = () => openProbeSocket(place, options, 'http/1.1')
    this.#opened = null
    this.isEnded = false
    // Of no account: `connect` knows the way, and the Host field is given.
    this.client = new Client(`${options.isTls ? 'https' : 'http'}://target`, {
      connect: (_target, done) => this.#connect(options.isTls ? 'secureConnect' : 'connect', done),
      maxHeaderSize: HEAD_MAX,
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  /** The socket too: undici leaves one that still connects to the kernel's patience. */
  end(): void {
    this.isEnded = true
    this.#opened?.destroy()
    // It rejects nothing that somebody waits for.
    this.client.destroy().catch(() => {})
  }

  #connect(ready: 'connect' | 'secureConnect', done: buildConnector.Callback): void {
    let isTold = false
    const tell = (...outcome: Parameters<buildConnector.Callback>) => {
      if (!isTold) done(...outcome)
      isTold = true
    }
    const socket = this.#socket()
    this.#opened = socket
    socket.once(ready, () => tell(null, socket))
    socket.on('error', (cause) => tell(cause, null))
    socket.on('close', () => tell(new Error('the connection was closed'), null))
  }
}

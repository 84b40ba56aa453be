/** target — the address that a generator's connections go to, looked up once, and how a socket to it is opened. */
import { lookup } from 'node:dns/promises'
import net from 'node:net'
import tls from 'node:tls'

export interface Target {
  readonly ip: string
  readonly port: number
  readonly isTls: boolean
  /** For TLS; '' where the host is an address. */
  readonly serverName: string
}

/** The first address of the origin's host that takes a connection; throws what the last one said. */
export async function findTarget(origin: string, timeoutMs: number): Promise<Target> {
  const { protocol, hostname, port } = new URL(origin)
  const isTls = protocol === 'https:'
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const serverName = isTls && net.isIP(host) === 0 ? host : ''
  let failure = new Error(`${host} has no address`)
  for (const { address } of await lookup(host, { all: true })) {
    const target = { ip: address, port: Number(port) || (isTls ? 443 : 80), isTls, serverName }
    try {
      await tryOne(target, timeoutMs)
      return target
    } catch (cause) {
      failure = cause as Error // what a socket's error event gives
    }
  }
  throw failure
}

function tryOne({ ip, port }: Target, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: ip, port, timeout: timeoutMs })
    socket.once('timeout', () => socket.destroy(new Error(`${ip}:${port} does not take a connection`)))
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
  })
}

/** Any certificate is taken: load is for one's own host, and often one without a name. */
export function openSocket(target: Target, onread: net.OnReadOpts): net.Socket {
  const where = {
    host: target.ip,
    port: target.port,
    onread,
    noDelay: true,
    allowHalfOpen: true,
    autoSelectFamily: false,
  }
  if (!target.isTls) return net.connect(where)
  const named = target.serverName === '' ? {} : { servername: target.serverName }
  return tls.connect({ ...where, ...named, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
}

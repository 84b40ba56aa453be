/** Listens with Node on one address, as every listener of a worker does. */
import net from 'node:net'
import { faults, GatewayError } from '../base/faults.ts'

/** What it needs of a ListenAddress. */
export interface ListenPlace {
  readonly host: string
  readonly port: number
  readonly path: string
  readonly reuseport: boolean
  readonly backlog: number
  readonly fd: number
}

export interface Listening {
  readonly server: net.Server
  /** Resolves when it accepts. Rejects with GatewayError PORT_IN_USE or PORT_FORBIDDEN. */
  readonly ready: Promise<void>
}

/** `refused` is told of each connection that could not be accepted for want of descriptors. */
export function listenOn(
  place: ListenPlace,
  accept: (socket: net.Socket) => void,
  refused: () => void,
): Listening {
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true })
  server.on('connection', accept)
  const ready = new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(place, error)))
    server.listen(listenOptions(place), () => {
      server.removeAllListeners('error')
      // Accepting can fail; the next one may succeed, and the counters tell.
      server.on('error', refused)
      resolve()
    })
  })
  return { server, ready }
}

function listenOptions(place: ListenPlace): net.ListenOptions {
  // The types leave fd out.
  if (place.fd >= 0) return { fd: place.fd, backlog: place.backlog } as net.ListenOptions
  if (place.path !== '') return { path: place.path, backlog: place.backlog }
  const shared = place.reuseport ? { reusePort: true } : {}
  return { host: place.host, port: place.port, backlog: place.backlog, ...shared } as net.ListenOptions
}

function listenError(place: ListenPlace, error: NodeJS.ErrnoException): GatewayError {
  const where = place.path === '' ? `${place.host}:${place.port}` : place.path
  if (error.code === 'EACCES') return new GatewayError(faults.PORT_FORBIDDEN, where, error)
  return new GatewayError(faults.PORT_IN_USE, `${where}: ${error.message}`, error)
}

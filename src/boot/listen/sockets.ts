/**
 * sockets — takes the listening addresses before any worker starts, so that a busy port is one clear message, and gives
 * each worker what it needs to listen there.
 *
 * Where the platform can share a port between threads (Node 22.12 with reusePort; uWebSockets.js by itself) the address
 * is only tried. Elsewhere, and for unix sockets, the primary binds without listening, keeps the socket as long as it
 * lives, and every worker listens on a copy of the descriptor: the port survives the death of all workers.
 */
import { lstatSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { getSystemErrorName } from 'node:util'
import { faults, GatewayError } from '../../base/faults.ts'
import { addressText } from '../../config/env/env-listen.ts'
import type { ListenAddress } from '../../contract/listener.ts'
import { HandOver } from './hand-over.ts'
import { type BoundHandle, binding } from './native-handles.ts'

export interface SocketOptions {
  readonly addresses: readonly ListenAddress[]
  readonly engine: 'node' | 'uws'
  readonly workers: number
  /** A directory for a passing unix socket. */
  readonly prefix: string
}

/** Of the addresses under `SLUICE_ENGINE=uws`: those that the engine can serve. Node listens on the others. */
export function isForUws({ ssl, http2, path, isStream }: ListenAddress): boolean {
  return !ssl && !http2 && path === '' && isStream !== true
}

/** True where Node can share a port. An only worker has nobody to hold the port while it is dead. */
export function sharesPorts(workers: number, nodeVersion: string): boolean {
  const [major, minor] = nodeVersion.split('.').map(Number)
  const hasReusePort = major! > 22 || (major === 22 && minor! >= 12)
  return hasReusePort && workers > 1
}

interface Taken {
  readonly address: ListenAddress
  readonly handle: BoundHandle | null
}

export class Sockets {
  readonly #taken: Taken[] = []
  readonly #handOver: HandOver

  private constructor(prefix: string) {
    this.#handOver = new HandOver(join(prefix, `hand-over.${process.pid}`))
  }

  /** Throws PORT_IN_USE or PORT_FORBIDDEN, and then holds nothing. */
  static async open(options: SocketOptions): Promise<Sockets> {
    const sockets = new Sockets(options.prefix)
    const nodeShares = sharesPorts(options.workers, process.versions.node)
    try {
      for (const address of options.addresses) {
        const byItself = options.engine === 'uws' && isForUws(address)
        const isShared = byItself || (nodeShares && address.path === '')
        sockets.#taken.push(isShared ? await tryPort(address) : await bind(address))
      }
    } catch (cause) {
      sockets.close()
      throw cause
    }
    return sockets
  }

  /** With the ports that were found where 0 was asked for. */
  get addresses(): readonly ListenAddress[] {
    return this.#taken.map((taken) => taken.address)
  }

  /** The addresses as one worker is to use them, with descriptors of its own. */
  async forWorker(): Promise<ListenAddress[]> {
    const own: ListenAddress[] = []
    for (const { address, handle } of this.#taken) {
      own.push(handle === null ? address : { ...address, fd: await this.#handOver.copy(handle) })
    }
    return own
  }

  /** From here on the port is free as soon as the workers have closed their copies. */
  close(): void {
    for (const { address, handle } of this.#taken.splice(0)) {
      handle?.close()
      if (handle !== null && address.path !== '') rmSync(address.path, { force: true })
    }
  }
}

/** Two gateways would share a port without a word, so it is tried without sharing first. */
async function tryPort(address: ListenAddress): Promise<Taken> {
  // Bound and not listened on: a client that came in between would be accepted and dropped.
  const taken = await bind(address)
  taken.handle?.close()
  return { address: { ...taken.address, reuseport: true }, handle: null }
}

async function bind(address: ListenAddress): Promise<Taken> {
  if (address.path !== '') return bindUnix(address)
  const { TCP, constants } = binding('tcp_wrap')
  const handle = new TCP(constants.SERVER)
  const isV6 = address.host.includes(':')
  const status = isV6 ? handle.bind6(address.host, address.port, 0) : handle.bind(address.host, address.port)
  const name: { port?: number } = {}
  if (status === 0) handle.getsockname(name)
  // libuv keeps EADDRINUSE to itself until listen(); a socket without a port is how it shows before.
  if (status !== 0 || !name.port) {
    handle.close()
    throw refusal(address, status === 0 ? 'EADDRINUSE' : getSystemErrorName(status))
  }
  return { address: { ...address, port: name.port }, handle }
}

async function bindUnix(address: ListenAddress): Promise<Taken> {
  await removeStale(address)
  const { Pipe, constants } = binding('pipe_wrap')
  const handle = new Pipe(constants.SERVER)
  const status = handle.bind(address.path)
  if (status !== 0) {
    handle.close()
    throw refusal(address, getSystemErrorName(status))
  }
  return { address, handle }
}

/** A socket file outlives a process that was killed; one that still answers belongs to somebody. */
async function removeStale(address: ListenAddress): Promise<void> {
  const entry = lstatSync(address.path, { throwIfNoEntry: false })
  if (entry === undefined) return
  const isLive = !entry.isSocket() || (await answers(address.path))
  if (isLive) throw refusal(address, 'EADDRINUSE')
  rmSync(address.path, { force: true })
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (cause: NodeJS.ErrnoException) => resolve(cause.code !== 'ECONNREFUSED'))
  })
}

function refusal(address: ListenAddress, code: string): GatewayError {
  const where = addressText(address)
  if (code === 'EADDRINUSE') return new GatewayError(faults.PORT_IN_USE, where)
  if (code === 'EACCES' || code === 'EPERM') return new GatewayError(faults.PORT_FORBIDDEN, where)
  const variable = address.isStream === true ? 'STREAM_LISTEN' : 'PROXY_LISTEN'
  return new GatewayError(faults.ENVIRONMENT_INVALID, `${variable}: ${where} can't be used here (${code})`)
}

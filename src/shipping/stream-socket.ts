/**
 * stream-socket — one connection to a receiver over TCP or TLS, opened when there is something to write and kept.
 *
 * WHAT    `write` resolves when the kernel has taken all of it, and rejects where the connection fails or the time is
 *         over. The connection is then given up, so that what was half written is never continued: whoever writes it
 *         again writes it whole, on a new one. What the receiver says is thrown away.
 *
 * LIMITS  One write at a time. What the kernel has taken and a receiver that resets has not read is lost unseen.
 */
import net from 'node:net'
import tls from 'node:tls'

export interface StreamSocketSettings {
  readonly host: string
  readonly port: number
  /** For connecting, and for each write. */
  readonly timeoutMs: number
  /** A connection without a write for so long is closed; 0: never. */
  readonly keepaliveMs: number
  /** Null: no TLS. `serverName` null: the host's name. */
  readonly tls: { readonly serverName: string | null; readonly verifies: boolean } | null
}

export class StreamSocket {
  readonly #settings: StreamSocketSettings
  readonly #trusted: readonly string[]
  #socket: net.Socket | null
  #isClosed: boolean

  /** `trusted`: of SinkTools. */
  constructor(settings: StreamSocketSettings, trusted: readonly string[]) {
    this.#settings = settings
    this.#trusted = trusted
    this.#socket = null
    this.#isClosed = false
  }

  async write(text: string): Promise<void> {
    const socket = this.#socket ?? (await this.#open())
    const { timeoutMs } = this.#settings
    await whileAlive(socket, timeoutMs, `the receiver did not take it within ${timeoutMs} ms`, (done) => {
      socket.write(text, (error) => {
        // Node calls this without an error, too, for what was under way when the socket was destroyed.
        if ((error === null || error === undefined) && !socket.destroyed) done()
      })
    })
  }

  /** What is under way fails; what the kernel has taken still goes out. */
  close(): void {
    this.#isClosed = true
    this.#socket?.end()
    this.#socket?.destroySoon()
    this.#socket = null
  }

  async #open(): Promise<net.Socket> {
    const { timeoutMs, keepaliveMs } = this.#settings
    const socket = this.#connect()
    const forget = () => {
      if (this.#socket === socket) this.#socket = null
      socket.destroy()
    }
    // The reason is told by whileAlive; here an error only must not end the thread.
    socket.on('error', forget)
    socket.on('end', forget)
    socket.on('close', forget)
    socket.resume()
    const event = this.#settings.tls === null ? 'connect' : 'secureConnect'
    await whileAlive(socket, timeoutMs, `no connection within ${timeoutMs} ms`, (done) =>
      socket.once(event, done),
    )
    if (this.#isClosed) {
      socket.destroy()
      throw new Error('the sink is closed')
    }
    socket.setKeepAlive(true)
    socket.setTimeout(keepaliveMs, forget)
    this.#socket = socket
    return socket
  }

  #connect(): net.Socket {
    const { host, port, tls: secure } = this.#settings
    const trusted = this.#trusted
    if (secure === null) return net.connect({ host, port, noDelay: true })
    const name = secure.serverName ?? (net.isIP(host) === 0 ? host : '')
    return tls.connect({
      host,
      port,
      servername: name,
      rejectUnauthorized: secure.verifies,
      ...(trusted.length > 0 ? { ca: [...trusted] } : {}),
    })
  }
}

/** Ends with `start`'s call of done; rejects, with the socket destroyed, when it fails, ends or takes too long. */
function whileAlive(
  socket: net.Socket,
  limitMs: number,
  lateText: string,
  start: (done: () => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let problem = 'the receiver closed the connection'
    const onError = (error: Error) => {
      problem = error.message === '' && 'code' in error ? String(error.code) : error.message
    }
    const onClose = () => {
      leave()
      reject(new Error(problem))
    }
    const timer = setTimeout(() => {
      problem = lateText
      socket.destroy()
    }, limitMs)
    const leave = () => {
      clearTimeout(timer)
      socket.off('error', onError)
      socket.off('close', onClose)
    }
    socket.on('error', onError)
    socket.on('close', onClose)
    if (socket.closed) return onClose()
    start(() => {
      leave()
      resolve()
    })
  })
}

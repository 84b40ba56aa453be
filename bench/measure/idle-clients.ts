/** Clients that ask once and stay connected, and a probe that says how long one that goes on asking waits. */
import net from 'node:net'

/** Connections made at a time: below any backlog. */
const AT_ONCE = 100
const ANSWER_MS = 20_000
const REQUEST = 'GET /idle HTTP/1.1\r\nHost: idle.test\r\n\r\n'
const HEAD_END = '\r\n\r\n'

export interface Waits {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export class IdleClients {
  /** Closed by the other side. */
  lost = 0
  readonly #port: number
  readonly #sources: readonly string[]
  readonly #sockets: net.Socket[] = []
  #isClosing = false

  constructor(port: number, sources: readonly string[]) {
    this.#port = port
    this.#sources = sources
  }

  /** Each has been answered once when this resolves. */
  async open(count: number): Promise<void> {
    let started = 0
    const one = async (): Promise<void> => {
      while (started < count) {
        const socket = await connect(this.#port, this.#sources[started++ % this.#sources.length]!)
        this.#sockets.push(socket)
        socket.on('close', () => {
          if (!this.#isClosing) this.lost++
        })
        await askOn(socket)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, one))
  }

  close(): void {
    this.#isClosing = true
    for (const socket of this.#sockets) socket.destroy()
  }
}

export interface ProbeOptions {
  readonly everyMs: number
  readonly count: number
}

/** One connection; each wait counts from when the request was due, so that one that is held up holds up the next. */
export async function probe(port: number, { everyMs, count }: ProbeOptions): Promise<Waits> {
  const socket = await connect(port, '127.0.0.1')
  const waits: number[] = []
  const startMs = performance.now()
  for (let i = 0; i < count; i++) {
    const dueMs = everyMs === 0 ? performance.now() : startMs + i * everyMs
    const early = dueMs - performance.now()
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
    // A timer that is late is this program's, not the gateway's; a request that was held up is.
    const fromMs = early > 0 ? performance.now() : dueMs
    await askOn(socket)
    waits.push(performance.now() - fromMs)
  }
  socket.destroy()
  waits.sort((a, b) => a - b)
  const at = (share: number) => waits[Math.ceil(waits.length * share) - 1] ?? 0
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) }
}

function connect(port: number, localAddress: string): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port, localAddress, noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      // What went wrong shows in the close behind it.
      socket.on('error', () => {})
      resolve(socket)
    })
  })
}

/** Sends one request and waits for the whole answer, which has a short body with a Content-Length. */
function askOn(socket: net.Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = ''
    const end = (cause: Error | null): void => {
      clearTimeout(late)
      socket.off('data', read).off('close', gone)
      if (cause === null) resolve()
      else reject(cause)
    }
    const read = (chunk: Buffer): void => {
      text += chunk.toString('latin1')
      if (!isWhole(text)) return
      end(text.startsWith('HTTP/1.1 200 ') ? null : new Error(`answered ${text.split('\r\n', 1)[0]}`))
    }
    const gone = (): void => end(new Error('the gateway closed a connection: is CONNECTIONS_MAX reached?'))
    const late = setTimeout(() => end(new Error('no answer')), ANSWER_MS)
    socket.on('data', read).once('close', gone)
    socket.write(REQUEST)
  })
}

function isWhole(text: string): boolean {
  const end = text.indexOf(HEAD_END)
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1]
  return end >= 0 && length !== undefined && text.length >= end + HEAD_END.length + Number(length)
}

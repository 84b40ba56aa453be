/**
 * datagrams — one datagram a record to a receiver over UDP.
 *
 * WHAT    Nobody says whether one has arrived. The receiver's name is looked up anew each LOOKUP_MS, and while that is
 *         under way records wait.
 *
 * LIMITS  SIZE_MAX bytes a datagram, PENDING_MAX that wait for the name or the kernel. Others are lost, and counted.
 */
import dgram from 'node:dgram'
import { lookup } from 'node:dns'
import { Complaints, type ComplaintTools } from './complaints.ts'

/** What IPv4 leaves of 64 KiB. */
export const SIZE_MAX = 65_507
export const PENDING_MAX = 1000
const LOOKUP_MS = 30_000

export interface DatagramTools extends ComplaintTools {
  lost(count: number, why: string): void
  delivered(count: number): void
}

export interface DatagramSettings {
  readonly host: string
  readonly port: number
  /** For looking up the name. */
  readonly timeoutMs: number
}

export class Datagrams {
  readonly #settings: DatagramSettings
  readonly #tools: DatagramTools
  readonly #complaints: Complaints
  #socket: dgram.Socket | null = null
  #family = 0
  #address = ''
  #lookedUpMs = Number.NEGATIVE_INFINITY
  #isLookingUp = false
  /** Waiting for the name. */
  #held: Buffer[] = []
  /** With the kernel. */
  #sending = 0
  #onEmpty: (() => void) | null = null
  #isClosed = false

  constructor(name: string, settings: DatagramSettings, tools: DatagramTools) {
    this.#settings = settings
    this.#tools = tools
    this.#complaints = new Complaints(name, tools)
  }

  get waiting(): number {
    return this.#held.length + this.#sending
  }

  send(text: string): void {
    const bytes = Buffer.from(text)
    if (this.#isClosed) return this.#lose(1, 'closed', 'the sink is closed')
    if (bytes.length > SIZE_MAX)
      return this.#lose(1, 'too large', `${bytes.length} bytes do not fit into a datagram`)
    if (this.waiting >= PENDING_MAX) return this.#lose(1, 'queue full', 'the system takes no more')
    if (this.#tools.now() - this.#lookedUpMs > LOOKUP_MS) this.#lookUp()
    if (this.#address === '') this.#held.push(bytes)
    else this.#pass(bytes)
  }

  close(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#lose(this.waiting, 'closed', 'the system did not take them in time')
        end()
      }, graceMs)
      const end = () => {
        clearTimeout(timer)
        this.#isClosed = true
        this.#held = []
        this.#socket?.close()
        this.#socket = null
        resolve()
      }
      this.#onEmpty = end
      this.#checkEmpty()
    })
  }

  #lookUp(): void {
    if (this.#isLookingUp) return
    this.#isLookingUp = true
    const { host, timeoutMs } = this.#settings
    const timer = setTimeout(() => found(`no answer within ${timeoutMs} ms`, '', 0), timeoutMs)
    const found = (problem: string, address: string, family: number) => {
      if (!this.#isLookingUp || this.#isClosed) return
      this.#isLookingUp = false
      clearTimeout(timer)
      this.#found(problem, address, family)
    }
    lookup(host, (error, address, family) => found(error?.message ?? '', address, family))
  }

  /** A name that cannot be found anew stays what it was. */
  #found(problem: string, address: string, family: number): void {
    if (problem === '') {
      this.#lookedUpMs = this.#tools.now()
      this.#use(address, family)
    }
    const held = this.#held
    this.#held = []
    if (this.#address !== '') for (const bytes of held) this.#pass(bytes)
    else if (held.length > 0) this.#lose(held.length, 'no address', problem)
    this.#checkEmpty()
  }

  #use(address: string, family: number): void {
    this.#address = address
    if (this.#family === family) return
    this.#family = family
    this.#socket?.close()
    this.#socket = dgram.createSocket(family === 6 ? 'udp6' : 'udp4')
    this.#socket.on('error', (error) => this.#complaints.trouble(error.message))
    // It is there for sending: what comes back is not read.
    this.#socket.unref()
  }

  #pass(bytes: Buffer): void {
    const socket = this.#socket
    if (socket === null) return this.#lose(1, 'closed', 'the sink is closed')
    this.#sending++
    socket.send(bytes, this.#settings.port, this.#address, (error) => {
      if (this.#isClosed) return
      this.#sending--
      if (error === null) {
        this.#tools.delivered(1)
        this.#complaints.isWell()
      } else {
        this.#complaints.failed()
        this.#lose(1, 'not sent', error.message)
      }
      this.#checkEmpty()
    })
  }

  #checkEmpty(): void {
    if (this.waiting > 0) return
    this.#onEmpty?.()
    this.#onEmpty = null
  }

  #lose(count: number, why: string, reason: string): void {
    if (count === 0) return
    this.#tools.lost(count, why)
    this.#complaints.lost(count, why, reason)
  }
}

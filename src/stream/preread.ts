/**
 * preread — what an accepted connection must say before it can be routed: its PROXY preamble, its ClientHello.
 *
 * Bounded in bytes by both readers and in time by one limit for all of it, which is the listener's to keep.
 */
import type { Socket } from 'node:net'
import type { Timed } from '../base/deadlines.ts'
import { type Fault, faults } from '../base/faults.ts'
import type { ListenAddress } from '../contract/listener.ts'
import { HELLO_BAD, HELLO_MORE, HelloReader } from './hello/hello-reader.ts'
import type { PreambleReading } from './stream-tools.ts'

/** What it came to. */
export interface Prelude {
  /** Whom the preamble names, or ''. */
  readonly proxiedAddress: string
  readonly proxiedPort: number
  readonly serverName: string
  /** Bytes that were read and belong to the session. */
  readonly first: Buffer
}

export interface PrereadOwner {
  readPreamble(bytes: Buffer): PreambleReading
  preread(preread: Preread, prelude: Prelude): void
  /** `fault`: why it can't be served; what it had said is forgotten. */
  unread(preread: Preread, fault: Fault): void
}

const NO_BYTES = Buffer.alloc(0)

export class Preread implements Timed {
  readonly socket: Socket
  readonly address: ListenAddress
  readonly startMs: number
  deadlineMs: number
  slot: number
  readonly #owner: PrereadOwner
  readonly #hello: HelloReader | null
  #needsPreamble: boolean
  #seen: Buffer
  #proxiedAddress: string
  #proxiedPort: number
  #isOver: boolean

  constructor(
    owner: PrereadOwner,
    socket: Socket,
    address: ListenAddress,
    times: [startMs: number, untilMs: number],
  ) {
    this.socket = socket
    this.address = address
    this.startMs = times[0]
    this.deadlineMs = times[1]
    this.slot = -1
    this.#owner = owner
    this.#hello = address.ssl ? new HelloReader() : null
    this.#needsPreamble = address.proxyProtocol
    this.#seen = NO_BYTES
    this.#proxiedAddress = ''
    this.#proxiedPort = 0
    this.#isOver = false
  }

  static isNeeded(address: ListenAddress): boolean {
    return address.ssl || address.proxyProtocol
  }

  start(): void {
    const gone = (): void => this.fail(faults.CLIENT_GONE)
    this.socket.on('data', (chunk: Buffer) => this.#take(chunk))
    this.socket.on('end', gone)
    this.socket.on('error', gone)
    this.socket.on('close', gone)
    this.socket.resume()
  }

  #take(chunk: Buffer): void {
    if (this.#isOver) return
    if (!this.#needsPreamble) return this.#takeHello(chunk)
    this.#seen = this.#seen.length === 0 ? chunk : Buffer.concat([this.#seen, chunk])
    const found = this.#owner.readPreamble(this.#seen)
    if (found === 'more') return
    if (found === 'bad') return this.fail(faults.REQUEST_MALFORMED)
    this.#needsPreamble = false
    this.#proxiedAddress = found.address
    this.#proxiedPort = found.port
    this.#takeHello(this.#seen.subarray(found.length))
  }

  #takeHello(chunk: Buffer): void {
    const hello = this.#hello
    if (hello === null) return this.#done('', chunk)
    if (chunk.length === 0) return
    const verdict = hello.take(chunk)
    if (verdict === HELLO_BAD) return this.fail(faults.REQUEST_MALFORMED)
    if (verdict !== HELLO_MORE) this.#done(hello.serverName, hello.taken)
  }

  #done(serverName: string, first: Buffer): void {
    this.#release()
    this.socket.pause()
    const proxied = { proxiedAddress: this.#proxiedAddress, proxiedPort: this.#proxiedPort }
    this.#owner.preread(this, { ...proxied, serverName, first })
  }

  onDeadline(): void {
    this.fail(faults.REQUEST_TIMEOUT)
  }

  fail(fault: Fault): void {
    if (this.#isOver) return
    this.#release()
    // A reset may still come; nobody is interested.
    this.socket.on('error', () => {})
    this.socket.destroy()
    this.#owner.unread(this, fault)
  }

  #release(): void {
    this.#isOver = true
    for (const event of ['data', 'end', 'error', 'close']) this.socket.removeAllListeners(event)
  }
}

/**
 * connection — one place among the generator's connections: a socket that carries one request at a time, and is opened
 * anew after a failure or a close.
 *
 * WHAT    closed ─▶ connecting ─▶ idle ◀─▶ busy, and from each back to closed.
 *         All connections read into one buffer: what is read is handled before the next read.
 *
 * COST    `send` and `#read` run for every request: no closure, no promise, no memory.
 */
import type { Socket } from 'node:net'
import { AnswerReader, READ_BAD, READ_DONE } from './answer-reader.ts'
import type { RenderedRequest } from './rendered-request.ts'
import { Sender } from './sender.ts'
import type { Slot, SlotOwner } from './slot.ts'
import { openSocket } from './target.ts'
import { wordsOf } from './words-of.ts'

const CLOSED = 0
const CONNECTING = 1
const IDLE = 2
const BUSY = 3

/** More than a socket's receive buffer usually holds, so that large answers take few reads. */
const READ_BYTES = 256 * 1024
const shared = Buffer.allocUnsafeSlow(READ_BYTES)

export class Connection implements Slot {
  readonly #owner: SlotOwner
  readonly #requests: readonly RenderedRequest[]
  readonly #reader: AnswerReader
  #state = CLOSED
  #socket: Socket | null = null
  #sender: Sender | null = null
  /** Of the request it carries: which, and when that was due. */
  index = 0
  dueUs = 0
  /** When it was last opened. */
  openedUs = 0
  /** Answers since then. */
  served = 0

  constructor(owner: SlotOwner, requests: readonly RenderedRequest[], toHead: boolean) {
    this.#owner = owner
    this.#requests = requests
    this.#reader = new AnswerReader(toHead)
  }

  get isClosed(): boolean {
    return this.#state === CLOSED
  }

  get isConnecting(): boolean {
    return this.#state === CONNECTING
  }

  get isIdle(): boolean {
    return this.#state === IDLE
  }

  get isBusy(): boolean {
    return this.#state === BUSY
  }

  open(nowUs: number): void {
    const { target } = this.#owner
    this.#state = CONNECTING
    this.openedUs = nowUs
    this.served = 0
    const callback = (count: number): boolean => this.#read(socket, count)
    const socket = openSocket(target, { buffer: shared, callback })
    this.#socket = socket
    let reason = ''
    socket.on(target.isTls ? 'secureConnect' : 'connect', () => this.#connected(socket, target.isTls))
    socket.on('end', () => this.#ended(socket))
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      reason = wordsOf(cause)
    })
    socket.on('close', () => this.#lost(socket, reason))
  }

  send(index: number, dueUs: number): void {
    const request = this.#requests[index % this.#requests.length]!
    this.#state = BUSY
    this.index = index
    this.dueUs = dueUs
    this.#reader.reset()
    const sender = this.#sender!
    if (!sender.send(request.head) || !sender.send(request.rest)) this.fail('connection reset while sending')
  }

  #connected(socket: Socket, isTls: boolean): void {
    if (socket !== this.#socket) return
    this.#sender = new Sender(socket, isTls)
    this.#state = IDLE
    this.#owner.opened(this)
  }

  /** `count` bytes are in the shared buffer. False stops reading. */
  #read(socket: Socket, count: number): boolean {
    if (socket !== this.#socket) return false
    this.#owner.hasRead()
    if (this.#state !== BUSY) {
      this.#lost(socket, 'bytes that nothing had asked for')
      return false
    }
    const reader = this.#reader
    const verdict = reader.take(shared, 0, count)
    if (verdict === READ_BAD) this.fail('unreadable answer')
    else if (verdict === READ_DONE && reader.pos !== count) this.fail('bytes behind the end of an answer')
    else if (verdict === READ_DONE) this.#finish(reader.reusable)
    return this.#socket === socket
  }

  /** The other side has ended its half in order. */
  #ended(socket: Socket): void {
    if (socket !== this.#socket) return
    if (this.#state === BUSY && this.#reader.endsAtClose) this.#finish(false)
    else this.#lost(socket, this.#state === BUSY ? 'closed before the answer was whole' : '')
  }

  #lost(socket: Socket, reason: string): void {
    if (socket !== this.#socket) return
    if (this.#state === BUSY) return this.fail(reason === '' ? 'connection closed' : reason)
    this.close()
    this.#owner.ended(this, reason)
  }

  #finish(reusable: boolean): void {
    this.served++
    // An answer that came before the request had left whole leaves the rest of it in the way.
    if (reusable && !this.#sender!.isBusy) this.#state = IDLE
    else this.close()
    this.#owner.answered(this, this.#reader.status)
  }

  fail(reason: string): void {
    this.close()
    this.#owner.failed(this, reason)
  }

  close(): void {
    this.#state = CLOSED
    this.#sender = null
    const socket = this.#socket
    this.#socket = null
    socket?.destroy()
  }
}

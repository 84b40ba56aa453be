/** echo-slot — a WebSocket that carries one message at a time to an echo; its coming back is the answer. */
import type { Socket } from 'node:net'
import { clientMessage, HEAD_END, serverMessage, upgradeRequest } from '../../peers/origin/echo-messages.ts'
import { Sender } from './sender.ts'
import type { Slot, SlotOwner } from './slot.ts'
import { SlotState } from './slot-state.ts'
import { openSocket } from './target.ts'
import { wordsOf } from './words-of.ts'

/** All slots read into one buffer: what is read is handled before the next read. */
const shared = Buffer.allocUnsafeSlow(16 * 1024)
const OK = 200

export class EchoSlot extends SlotState implements Slot {
  readonly #owner: SlotOwner
  #socket: Socket | null = null
  #sender: Sender | null = null
  #head = ''
  /** Bytes of the message that have not come back. */
  #left = 0

  constructor(owner: SlotOwner) {
    super()
    this.#owner = owner
  }

  open(nowUs: number): void {
    const { target } = this.#owner
    this.state = 'connecting'
    this.openedUs = nowUs
    this.served = 0
    this.#head = ''
    const socket = openSocket(target, { buffer: shared, callback: (count) => this.#read(socket, count) })
    this.#socket = socket
    let reason = ''
    socket.on(target.isTls ? 'secureConnect' : 'connect', () => socket.write(upgradeRequest))
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      reason = wordsOf(cause)
    })
    socket.on('end', () => this.#lost(socket, ''))
    socket.on('close', () => this.#lost(socket, reason))
  }

  send(index: number, dueUs: number): void {
    this.state = 'busy'
    this.index = index
    this.dueUs = dueUs
    this.#left = serverMessage.length
    if (!this.#sender!.send(clientMessage)) this.fail('connection reset while sending')
  }

  /** False stops reading. */
  #read(socket: Socket, count: number): boolean {
    if (socket !== this.#socket) return false
    this.#owner.hasRead()
    if (this.state === 'connecting') this.#readHead(socket, count)
    else if (this.state === 'idle') this.#lost(socket, 'bytes that nothing had asked for')
    else {
      this.#left -= count
      if (this.#left < 0) this.fail('bytes behind the end of a message')
      else if (this.#left === 0) this.#finish()
    }
    return this.#socket === socket
  }

  #finish(): void {
    this.served++
    this.state = 'idle'
    this.#owner.answered(this, OK)
  }

  #readHead(socket: Socket, count: number): void {
    this.#head += shared.toString('latin1', 0, count)
    if (!this.#head.endsWith(HEAD_END)) return
    if (!this.#head.startsWith('HTTP/1.1 101 '))
      return this.#lost(socket, `no WebSocket is spoken there: ${this.#head.split('\r\n', 1)[0]}`)
    this.#sender = new Sender(socket, this.#owner.target.isTls)
    this.state = 'idle'
    this.#owner.opened(this)
  }

  #lost(socket: Socket, reason: string): void {
    if (socket !== this.#socket) return
    if (this.state === 'busy') return this.fail(reason === '' ? 'connection closed' : reason)
    this.close()
    this.#owner.ended(this, reason)
  }

  fail(reason: string): void {
    this.close()
    this.#owner.failed(this, reason)
  }

  close(): void {
    this.state = 'closed'
    this.#sender = null
    const socket = this.#socket
    this.#socket = null
    socket?.destroy()
  }
}

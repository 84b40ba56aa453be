/**
 * http2-slot — a stream of HTTP/2 for each request, one at a time, on a connection that it shares with other slots.
 *
 * COST    node:http2 takes some 50 µs a request, far more than HTTP/1.1 takes here: so low rates, and never capacity.
 */
import type { ClientHttp2Stream } from 'node:http2'
import type { Slot, SlotOwner } from '../slot.ts'
import { SlotState } from '../slot-state.ts'
import { wordsOf } from '../words-of.ts'
import type { Http2Request } from './http2-request.ts'
import type { Http2Session, SessionUser } from './http2-session.ts'

export class Http2Slot extends SlotState implements Slot, SessionUser {
  readonly #owner: SlotOwner
  readonly #session: Http2Session
  readonly #requests: readonly Http2Request[]
  #stream: ClientHttp2Stream | null = null
  #status = 0

  constructor(owner: SlotOwner, session: Http2Session, requests: readonly Http2Request[]) {
    super()
    this.#owner = owner
    this.#session = session
    this.#requests = requests
  }

  open(nowUs: number): void {
    this.state = 'connecting'
    this.openedUs = nowUs
    this.served = 0
    this.#session.join(this)
  }

  connected(): void {
    if (this.state !== 'connecting') return
    this.state = 'idle'
    this.#owner.opened(this)
  }

  lost(reason: string): void {
    if (this.state === 'busy') return this.fail(reason === '' ? 'connection closed' : reason)
    this.close()
    this.#owner.ended(this, reason)
  }

  send(index: number, dueUs: number): void {
    this.state = 'busy'
    this.index = index
    this.dueUs = dueUs
    this.#status = 0
    const stream = this.#session.ask(this.#requests[index % this.#requests.length]!)
    this.#stream = stream
    if (stream === null) return this.fail('connection closed')
    let reason = 'closed before the answer was whole'
    stream.on('response', (fields) => {
      this.#status = fields[':status'] ?? 0
    })
    stream.on('data', () => {
      this.#owner.hasRead()
    })
    stream.on('end', () => this.#ended(stream))
    stream.on('error', (cause: NodeJS.ErrnoException) => {
      reason = wordsOf(cause)
    })
    stream.on('close', () => {
      if (stream === this.#stream) this.fail(reason)
    })
  }

  /** A stream that was reset ends too; its close tells why. */
  #ended(stream: ClientHttp2Stream): void {
    if (stream !== this.#stream || this.#status === 0 || stream.aborted || stream.rstCode > 0) return
    this.#stream = null
    this.served++
    this.state = 'idle'
    this.#owner.answered(this, this.#status)
  }

  fail(reason: string): void {
    this.close()
    this.#owner.failed(this, reason)
  }

  close(): void {
    this.state = 'closed'
    const stream = this.#stream
    this.#stream = null
    stream?.destroy()
    this.#session.leave(this)
  }
}

/**
 * uws-answer — the answer's side of one request over uWebSockets.js: gathered in `out`, sent at the end of the turn.
 *
 * WHAT    out  +------ head ------+---- handed over ----+---- waiting ----+
 *              0               headEnd                  at             used
 *
 *         How an answer is sent is chosen when its first bytes leave. WHOLE: all of it is there, one call. SIZED: its
 *         length is known, `tryEnd` takes what the kernel takes. CHUNKED: `write` takes all and says when it was too
 *         much; PROBE_BYTES at a time are then tried until it has gone. BARE: no body. CUT: a head that no call ends
 *         and closes in one (HEAD, connection to be closed).
 *
 * WRITES  The owning worker only.
 *
 * LIMITS  Unread bytes by OUTBOX_HIGH plus one read, here, and as much again within the engine for CHUNKED. A client
 *         that takes nothing for 10 s is cut by the engine.
 *
 * HOT     `writeHead`, `writeBody` and `flush` run for every request.
 */
import { OUTBOX_HIGH, Outbox } from '../../../base/outbox.ts'
import type { Flushable, Turn } from '../../../base/turn.ts'
import type { Exchange } from '../../../contract/exchange.ts'
import { CHUNKED as CHUNKED_BODY, UNTIL_CLOSE } from '../../../http1/framing.ts'
import type { UwsResponse } from './uws-api.ts'
import { dropDate, VERSION_BYTES } from './uws-response-head.ts'

const UNDECIDED = 0
const WHOLE = 1
const SIZED = 2
const CHUNKED = 3
const BARE = 4
const CUT = 5

/** Less than the kernel takes once it has reported room, so that what the engine keeps does not grow. */
const PROBE_BYTES = 4096
/** While draining, larger answers are sent so that we see the last byte leave. */
const DRAIN_WHOLE_MAX = 16 * 1024
const CRLF_BYTES = 2
const NOTHING = Buffer.alloc(0)

/** What of the listener an answer depends on. */
export interface AnswerPlace {
  readonly turn: Turn
  readonly draining: boolean
}

export abstract class UwsAnswer implements Flushable {
  readonly out: Outbox
  readonly #place: AnswerPlace
  readonly #onWritable: () => boolean
  readonly #send: () => void
  /** Null once the engine has let go of it. */
  protected res: UwsResponse | null
  protected keepAlive: boolean
  /** The engine closes by itself, and adds no field that says so. */
  protected saidClose: boolean
  /** The flow has written everything. */
  protected ended: boolean
  protected inHandler: boolean
  #headEnd: number
  #at: number
  #form: number
  #length: number
  #sent: number
  #bodyless: boolean
  #status: number
  #complete: boolean
  #blocked: boolean
  #watching: boolean
  #probing: boolean
  queued: boolean

  constructor(place: AnswerPlace) {
    this.out = new Outbox()
    this.#place = place
    this.#onWritable = () => this.#writable()
    this.#send = () => this.#sendNow()
    this.res = null
    this.keepAlive = true
    this.saidClose = false
    this.ended = false
    this.inHandler = false
    this.#headEnd = 0
    this.#at = 0
    this.#form = UNDECIDED
    this.#length = 0
    this.#sent = 0
    this.#bodyless = false
    this.#status = 0
    this.#complete = false
    this.#blocked = false
    this.#watching = false
    this.#probing = false
    this.queued = false
  }

  /** The last call of this answer follows: what was stopped has to go on, as `res` won't be there any more. */
  protected abstract beforeLast(): void
  /** All of it is with the engine. `isClosed`: and the connection has been closed. */
  protected abstract answered(isClosed: boolean): void
  /** Room again after writeBody answered false. */
  protected abstract hasRoom(): void

  protected resetAnswer(): void {
    this.out.release()
    this.saidClose = false
    this.ended = false
    this.inHandler = false
    this.#headEnd = 0
    this.#at = 0
    this.#form = UNDECIDED
    this.#sent = 0
    this.#complete = false
    this.#blocked = false
    this.#watching = false
    this.#probing = false
  }

  writeHead(x: Exchange): void {
    const out = this.out
    if (this.#place.draining) x.keepAlive = false
    this.keepAlive = x.keepAlive
    this.#bodyless = x.bodyless
    this.#status = x.status
    this.#length = x.responseLength
    dropDate(out)
    this.#headEnd = out.used
    this.#at = out.used
    this.#place.turn.push(this)
  }

  /** The engine has no interim answers. */
  writeInfo(): void {
    this.out.used = 0
  }

  writeBody(_x: Exchange, bytes: Uint8Array, start: number, end: number): boolean {
    const out = this.out
    out.put(bytes, start, end)
    if (out.used - this.#at >= OUTBOX_HIGH && !this.inHandler) this.flush()
    else this.#place.turn.push(this)
    return !this.#blocked
  }

  flush(): void {
    if (this.res === null || this.#headEnd === 0 || this.#blocked) return
    this.res.cork(this.#send)
    this.#afterSend()
  }

  /** In the engine's handler, which is corked. */
  protected sendInHandler(): void {
    this.#sendNow()
    this.#afterSend()
  }

  /** Room again. What the engine keeps leaves when the cork is pulled, even if there is nothing to add. */
  #writable(): boolean {
    if (this.res === null) return true
    this.#blocked = false
    this.res.cork(this.#send)
    this.#afterSend()
    if (this.res !== null && !this.#blocked) this.hasRoom()
    return true
  }

  /** Corked: hands over what it can. */
  #sendNow(): void {
    const res = this.res
    // The socket may have gone while it was corked.
    if (res === null) return
    if (this.#form === UNDECIDED) {
      const form = this.#chooseForm()
      if (form === UNDECIDED) return
      this.#form = form
      this.#sendHead(res)
    }
    if (this.#form === SIZED) this.#sendSized(res)
    else if (this.#form === CHUNKED) this.#sendChunks(res)
    if (this.#at !== this.out.used) return
    this.out.release()
    this.#at = 0
  }

  #chooseForm(): number {
    const waiting = this.out.used - this.#headEnd
    if (this.#bodyless) return this.ended ? this.#chooseBare() : UNDECIDED
    if (this.ended && (!this.#place.draining || waiting <= DRAIN_WHOLE_MAX)) return WHOLE
    if (this.#length >= 0) return SIZED
    // The engine sends a chunked head with the first chunk.
    return waiting > 0 || this.ended ? CHUNKED : UNDECIDED
  }

  #chooseBare(): number {
    // 204 says nothing about a body's length (RFC 9110 §8.6).
    if (this.#status === 204 || this.#status < 200) this.#length = UNTIL_CLOSE
    return !this.keepAlive && !this.saidClose && this.#length > 0 ? CUT : BARE
  }

  #sendHead(res: UwsResponse): void {
    const out = this.out
    const bytes = out.bytes
    res.writeStatus(bytes.subarray(VERSION_BYTES, this.#headEnd - CRLF_BYTES))
    // `end` adds the field itself where the client has not asked for it.
    if (!this.keepAlive && (this.#form !== WHOLE || this.saidClose)) res.writeHeader('Connection', 'close')
    if (this.#form === SIZED || this.#form === CHUNKED) return
    this.beforeLast()
    if (this.#form === WHOLE) res.end(bytes.subarray(this.#headEnd, out.used), !this.keepAlive)
    else if (this.#form === BARE) this.#sendBare(res)
    else res.tryEnd(NOTHING, this.#length)
    this.#at = out.used
    this.#complete = true
  }

  /** The engine would add `Content-Length: 0` of its own, so here a length is a field like any other. */
  #sendBare(res: UwsResponse): void {
    if (this.#length >= 0) res.writeHeader('Content-Length', String(this.#length))
    else if (this.#length === CHUNKED_BODY && this.#status !== 304)
      res.writeHeader('Transfer-Encoding', 'chunked')
    res.endWithoutBody()
  }

  #sendSized(res: UwsResponse): void {
    const out = this.out
    const count = out.used - this.#at
    if (this.#sent + count >= this.#length) this.beforeLast()
    const answer = res.tryEnd(out.bytes.subarray(this.#at, out.used), this.#length)
    if (answer[1]) this.#complete = true
    if (answer[0] || answer[1]) {
      this.#at = out.used
      this.#sent += count
      return
    }
    // A difference in 32 bits: some versions answer no more of the offset.
    const taken = (res.getWriteOffset() - this.#sent) >>> 0
    this.#at += taken
    this.#sent += taken
    this.#block(res)
  }

  #sendChunks(res: UwsResponse): void {
    const out = this.out
    while (this.#at < out.used) {
      const until = this.#probing ? Math.min(this.#at + PROBE_BYTES, out.used) : out.used
      const isTaken = res.write(out.bytes.subarray(this.#at, until))
      this.#at = until
      this.#probing = !isTaken
      if (!isTaken) return this.#block(res)
    }
    if (!this.ended) return
    this.beforeLast()
    res.end()
    this.#complete = true
  }

  #block(res: UwsResponse): void {
    this.#blocked = true
    if (this.#watching) return
    this.#watching = true
    res.onWritable(this.#onWritable)
  }

  #afterSend(): void {
    const res = this.res
    if (res === null) return
    if (!this.#complete) return
    this.res = null
    if (this.#form === CUT) res.close()
    if (this.ended) this.answered(this.#form === CUT)
  }

  protected endAnswer(): void {
    this.ended = true
    // The last byte may have been known by its count before the end was.
    if (this.res === null) this.answered(false)
    else if (!this.#blocked) this.#place.turn.push(this)
  }
}

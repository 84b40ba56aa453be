/**
 * bodies — how body bytes pass through the flow in both directions, with backpressure, and where they are gathered.
 *
 * Plain bodies are handed on where they lie. A plugin that wants a whole body has it gathered, bounded. What went to a
 * target is kept up to REPLAY_MAX, so that a failed try can be repeated.
 *
 * HOT     `requestBody` and `targetBody` run once a read. Gathering allocates; the plain path does not.
 */
import { appendBytes, NO_BYTES } from '../base/append-bytes.ts'
import { type Fault, faults } from '../base/faults.ts'
import { type Exchange, STAGE_ANSWERING, STAGE_READING, STAGE_TRYING } from '../contract/exchange.ts'
import { isBodyless, isHeadRequest } from '../http1/framing.ts'

/** Bytes of request body kept for another try. */
const REPLAY_MAX = 64 * 1024

export abstract class Bodies {
  abstract refuse(x: Exchange, fault: Fault): void
  abstract gathered(x: Exchange): void
  abstract targetFault(x: Exchange, fault: Fault): void

  /** Has the whole request body come in before the chain runs. */
  protected gatherRequest(x: Exchange): void {
    const max = x.route!.chain.requestBodyMax
    if (x.requestLength > max) return this.refuse(x, faults.REQUEST_BODY_TOO_LARGE)
    x.requestBody = NO_BYTES
    this.#wantBody(x)
  }

  #wantBody(x: Exchange): void {
    if (x.expectsContinue) {
      x.expectsContinue = false
      x.client!.writeContinue(x)
    }
    x.client!.resumeBody(x)
  }

  /** From the listener. */
  requestBody(x: Exchange, bytes: Buffer, start: number, end: number): void {
    x.requestBytes += end - start
    if (x.tunnel !== null) {
      if (!x.tunnel.fromClient(bytes, start, end)) x.client!.pauseBody(x)
      return
    }
    if (x.requestBytes > x.requestBytesMax) return this.refuse(x, faults.REQUEST_SIZE_EXCEEDED)
    if (x.stage === STAGE_READING) return this.#gatherMore(x, bytes, start, end)
    if (x.requestTransform === null) this.#toTarget(x, bytes, start, end)
    else this.#passOn(x, x.requestTransform.pass(x, bytes, start, end))
  }

  #passOn(x: Exchange, bytes: Uint8Array | null): void {
    if (bytes === null) this.refuse(x, faults.REQUEST_MALFORMED)
    else if (bytes.length > 0) this.#toTarget(x, bytes, 0, bytes.length)
  }

  #toTarget(x: Exchange, bytes: Uint8Array, start: number, end: number): void {
    const carrier = x.carrier
    if (carrier === null) return
    if (x.stage === STAGE_TRYING && x.replayable) keepForReplay(x, bytes, start, end)
    if (!carrier.writeBody(x, bytes, start, end)) x.client!.pauseBody(x)
  }

  #gatherMore(x: Exchange, bytes: Buffer, start: number, end: number): void {
    const soFar = x.requestBody ?? NO_BYTES
    if (soFar.length + end - start > x.route!.chain.requestBodyMax)
      return this.refuse(x, faults.REQUEST_BODY_TOO_LARGE)
    x.requestBody = appendBytes(soFar, bytes, start, end)
  }

  /** From the listener. */
  requestEnd(x: Exchange): void {
    x.requestEnded = true
    if (x.stage === STAGE_READING && x.requestBody !== null) return this.gathered(x)
    if (x.requestTransform !== null && x.requestBody === null) this.#passOn(x, x.requestTransform.end(x))
    if (x.carrier !== null && x.requestBody === null) x.carrier.endBody(x)
  }

  /** From the transport: the head has left, and body bytes may follow. */
  targetReady(x: Exchange): void {
    const carrier = x.carrier!
    if (x.requestBody !== null) {
      carrier.writeBody(x, x.requestBody, 0, x.requestBody.length)
      return carrier.endBody(x)
    }
    if (x.replay.used > 0) carrier.writeBody(x, x.replay.bytes, 0, x.replay.used)
    if (x.requestEnded) carrier.endBody(x)
    else this.#wantBody(x)
  }

  /** From the transport: room again. */
  targetDrain(x: Exchange): void {
    if (!x.requestEnded && x.client !== null && x.carrier !== null) x.client.resumeBody(x)
  }

  /** Has the whole response body come in before the head is written. */
  protected gatherResponse(x: Exchange): void {
    x.responseBody = NO_BYTES
  }

  /** From the transport. */
  targetBody(x: Exchange, bytes: Buffer, start: number, end: number): boolean {
    if (x.tunnel !== null) {
      x.responseBytes += end - start
      return x.tunnel.fromTarget(bytes, start, end)
    }
    // The client has asked with HEAD, and a plugin for it with GET.
    if (x.bodyless) return true
    if (x.responseBody === null) return this.toClient(x, bytes, start, end)
    if (x.responseBody.length + end - start > x.route!.chain.responseBodyMax) {
      x.carrier?.abort(x)
      x.carrier = null
      this.targetFault(x, faults.RESPONSE_BODY_TOO_LARGE)
      return true
    }
    x.responseBody = appendBytes(x.responseBody, bytes, start, end)
    return true
  }

  protected toClient(x: Exchange, bytes: Uint8Array, start: number, end: number): boolean {
    if (x.responseTransform !== null)
      return this.#answerWith(x, x.responseTransform.pass(x, bytes, start, end))
    x.responseBytes += end - start
    return x.client!.writeBody(x, bytes, start, end)
  }

  /** The answer is whole: so is what a plugin makes of it. */
  protected endTransform(x: Exchange): void {
    if (!x.bodyless && x.responseTransform !== null) this.#answerWith(x, x.responseTransform.end(x))
  }

  #answerWith(x: Exchange, bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true
    x.responseBytes += bytes.length
    return x.client!.writeBody(x, bytes, 0, bytes.length)
  }

  /** From the listener: the client reads again. */
  clientDrain(x: Exchange): void {
    if (x.stage === STAGE_ANSWERING && x.carrier !== null) x.carrier.resume()
  }

  protected setBodyless(x: Exchange): void {
    x.bodyless = isBodyless(x.status, isHeadRequest(x.request))
  }
}

function keepForReplay(x: Exchange, bytes: Uint8Array, start: number, end: number): void {
  const replay = x.replay
  if (replay.used + end - start > REPLAY_MAX) {
    replay.release()
    x.replayable = false
  } else replay.put(bytes, start, end)
}

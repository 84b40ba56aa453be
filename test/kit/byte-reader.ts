/** Reads bytes from a socket only when asked, so that a peer told not to read really does not. */
import type { Socket } from 'node:net'

/** How long a test waits for bytes that must come. A deadline for failure, never a pause. */
export const PATIENCE_MS = 8000

const NOTHING = Buffer.alloc(0)

export class ByteReader {
  readonly #socket: Socket
  readonly #patienceMs: number
  #held: Buffer = NOTHING
  #over = false
  #wake: (() => void) | null = null
  /** '' while the peer behaves; 'ECONNRESET' and the like once it cut the connection. */
  failure = ''

  constructor(socket: Socket, patienceMs = PATIENCE_MS) {
    this.#socket = socket
    this.#patienceMs = patienceMs
    socket.on('readable', () => this.#stir())
    socket.on('end', () => this.#finish(''))
    socket.on('error', (error: NodeJS.ErrnoException) => this.#finish(error.code ?? error.message))
    socket.on('close', () => this.#finish(''))
  }

  /** True once the peer has closed and everything it sent has been taken. */
  get over(): boolean {
    return this.#over && this.#held.length === 0
  }

  #finish(failure: string): void {
    if (failure !== '') this.failure = failure
    this.#over = true
    this.#stir()
  }

  #stir(): void {
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }

  /** The next bytes as they come; null at the end. */
  async some(): Promise<Buffer | null> {
    if (this.#held.length > 0) {
      const held = this.#held
      this.#held = NOTHING
      return held
    }
    for (;;) {
      const chunk: Buffer | null = this.#socket.read()
      if (chunk !== null) return chunk
      if (this.#over) return null
      await this.#stirred()
    }
  }

  #stirred(): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#wake = null
        reject(new Error(`nothing came for ${this.#patienceMs} ms`))
      }, this.#patienceMs)
      this.#wake = () => {
        clearTimeout(late)
        resolve()
      }
    })
  }

  /** Bytes up to and with `marker`; null when the peer closes first (what came is kept for `rest`). */
  async until(marker: string): Promise<Buffer | null> {
    let held = NOTHING
    for (;;) {
      const chunk = await this.some()
      if (chunk === null) {
        this.#held = held
        return null
      }
      const from = Math.max(0, held.length - marker.length)
      held = Buffer.concat([held, chunk])
      const at = held.indexOf(marker, from, 'latin1')
      if (at < 0) continue
      this.#held = held.subarray(at + marker.length)
      return held.subarray(0, at + marker.length)
    }
  }

  /** Exactly `count` bytes, or fewer when the peer closes first. */
  async take(count: number): Promise<Buffer> {
    const parts: Buffer[] = []
    let got = 0
    while (got < count) {
      const chunk = await this.some()
      if (chunk === null) break
      const part = chunk.subarray(0, count - got)
      this.#held = chunk.subarray(part.length)
      parts.push(part)
      got += part.length
    }
    return Buffer.concat(parts)
  }

  /** Everything until the peer closes. */
  async rest(): Promise<Buffer> {
    const parts: Buffer[] = []
    for (;;) {
      const chunk = await this.some()
      if (chunk === null) return Buffer.concat(parts)
      parts.push(chunk)
    }
  }

  /** What comes within `ms`: for the claim that nothing does. */
  async within(ms: number): Promise<Buffer> {
    await new Promise((resolve) => setTimeout(resolve, ms))
    const chunk: Buffer | null = this.#socket.read()
    if (chunk !== null) this.#held = Buffer.concat([this.#held, chunk])
    return this.#held
  }
}

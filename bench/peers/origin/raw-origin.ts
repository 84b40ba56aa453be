/**
 * raw-origin — an origin that costs as little as Node allows, and can be slow now and then:
 * `node raw-origin.js PORT BYTES EVERY SLOW_MS`.
 *
 * It answers what is ready to send, whatever is asked. Each EVERYth request is answered late by SLOW_MS; 0 is none.
 * Behind a late answer the others of its connection wait, as HTTP/1.1 asks.
 */
import net from 'node:net'
import { answerBody, answerFields, answerType } from './answer.ts'
import { RequestReader } from './request-reader.ts'

const [port = 0, bytes = 0, every = 0, slowMs = 0] = process.argv.slice(2).map(Number)
const REFUSED = 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

const body = Buffer.from(answerBody(bytes))
let answer = render()
/** For the Date. */
setInterval(() => {
  answer = render()
}, 1000)

function render(): Buffer {
  const fields = {
    Server: 'origin',
    Date: new Date().toUTCString(),
    'Content-Type': answerType,
    'Content-Length': String(body.length),
    Connection: 'keep-alive',
    ...answerFields,
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${lines.join('')}\r\n`), body])
}

let asked = 0

function isNextSlow(): boolean {
  asked += 1
  return every > 0 && asked % every === 0
}

class Connection {
  readonly #socket: net.Socket
  readonly #reader = new RequestReader()
  #isHeld = false
  /** Which of those behind the held one are slow themselves. */
  readonly #behind: boolean[] = []

  constructor(socket: net.Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#read(chunk))
    // At the end of a run the proxies go away, each in its own manner.
    socket.on('error', () => socket.destroy())
  }

  #read(chunk: Buffer): void {
    try {
      const requests = this.#reader.feed(chunk)
      if (requests > 1) this.#socket.cork()
      for (let i = 0; i < requests; i++) this.#take(isNextSlow())
      if (requests > 1) this.#socket.uncork()
    } catch {
      this.#socket.end(REFUSED) // the proxy's error shows in the run as an answer that is not 200
    }
  }

  #take(isSlow: boolean): void {
    if (this.#isHeld) this.#behind.push(isSlow)
    else if (isSlow) this.#hold()
    else this.#socket.write(answer)
  }

  #hold(): void {
    this.#isHeld = true
    setTimeout(() => this.#release(), slowMs)
  }

  #release(): void {
    this.#isHeld = false
    if (this.#socket.destroyed) return
    this.#socket.write(answer)
    const behind = this.#behind.splice(0)
    for (const isSlow of behind) this.#take(isSlow)
  }
}

net.createServer((socket) => new Connection(socket)).listen({ port, host: '127.0.0.1', backlog: 4096 })

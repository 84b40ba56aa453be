/**
 * answers-under-way — how many large answers wait for their readers at once: each is megabytes of the primary's memory
 * until it is read, and costs time that health probes and DNS need too.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const ANSWERS_MAX = 16

export class AnswersUnderWay {
  readonly #sockets: Set<Socket>

  constructor() {
    this.#sockets = new Set()
  }

  /** False: there are too many, or one at this connection, and this one is to be refused. */
  begin(response: ServerResponse): boolean {
    const { socket } = response.req
    if (this.#sockets.size >= ANSWERS_MAX || this.#sockets.has(socket)) return false
    this.#sockets.add(socket)
    const end = (): void => {
      socket.off('close', end)
      this.#sockets.delete(socket)
    }
    // An answer that waits behind another one is not told that its socket has closed.
    socket.on('close', end)
    response.once('finish', end)
    return true
  }
}

/** inspector — speaks with V8's inspector of a process: with its main thread, and through that with its workers. */
import { WebSocket } from 'undici'

export type Json = Readonly<Record<string, unknown>>

const ANSWER_MS = 60_000
/** Workers are told of one by one, right behind the answer to the question for them. */
const SETTLE_MS = 200

/** One thread that can be asked. */
export interface Asked {
  readonly name: string
  readonly url: string
  ask(method: string, params?: Json): Promise<Json>
}

interface Waiting {
  resolve(result: Json): void
  reject(cause: Error): void
}

export class Inspector implements Asked {
  readonly name = 'main'
  readonly url = ''
  readonly #socket: WebSocket
  /** By thread and number of the question; the main thread is ''. */
  readonly #waiting = new Map<string, Waiting>()
  readonly #workers: Asked[] = []
  #asked = 0

  static async open(url: string): Promise<Inspector> {
    const socket = new WebSocket(url)
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve())
      socket.addEventListener('error', () => reject(new Error(`no inspector answers at ${url}`)))
    })
    return new Inspector(socket)
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#take(String(data)))
    socket.addEventListener('close', () => this.#end('', 'the inspector closed the connection'))
  }

  ask(method: string, params: Json = {}): Promise<Json> {
    const id = ++this.#asked
    const answer = this.#wait('', id, method)
    this.#socket.send(JSON.stringify({ id, method, params }))
    return answer
  }

  /** The threads that run now. */
  async workers(): Promise<readonly Asked[]> {
    await this.ask('NodeWorker.enable', { waitForDebuggerOnStart: false })
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    return this.#workers
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#socket.addEventListener('close', () => resolve()))
    this.#socket.close()
    await closed
  }

  #wait(thread: string, id: number, method: string): Promise<Json> {
    return new Promise((resolve, reject) => {
      const key = `${thread}:${id}`
      this.#waiting.set(key, { resolve, reject })
      const late = () => {
        if (this.#waiting.delete(key)) reject(new Error(`no answer to ${method}`))
      }
      setTimeout(late, ANSWER_MS).unref()
    })
  }

  #take(text: string): void {
    // Border: what Node writes here is described by its inspector's protocol.
    const { id, method, params, result, error } = JSON.parse(text) as Message
    if (id !== undefined) this.#answer('', { id, result, error })
    else if (method === 'NodeWorker.attachedToWorker') this.#meet(params)
    else if (method === 'NodeWorker.receivedMessageFromWorker')
      this.#answer(params.sessionId, JSON.parse(params.message) as Message)
    else if (method === 'NodeWorker.detachedFromWorker') this.#end(params.sessionId, 'the worker has ended')
  }

  #answer(thread: string, { id, result, error }: Pick<Message, 'id' | 'result' | 'error'>): void {
    const waiting = this.#waiting.get(`${thread}:${id}`)
    this.#waiting.delete(`${thread}:${id}`)
    if (error === undefined) waiting?.resolve(result ?? {})
    else waiting?.reject(new Error(error.message))
  }

  #meet({ sessionId, workerInfo }: Message['params']): void {
    this.#workers.push({
      name: workerInfo.title,
      url: workerInfo.url,
      ask: async (method, params = {}) => {
        const id = ++this.#asked
        const answer = this.#wait(sessionId, id, method)
        const message = JSON.stringify({ id, method, params })
        const [result] = await Promise.all([
          answer,
          this.ask('NodeWorker.sendMessageToWorker', { sessionId, message }),
        ])
        return result
      },
    })
  }

  /** Of the main thread's, all. */
  #end(thread: string, why: string): void {
    for (const [key, waiting] of this.#waiting) {
      if (thread !== '' && !key.startsWith(`${thread}:`)) continue
      this.#waiting.delete(key)
      waiting.reject(new Error(why))
    }
  }
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params: {
    readonly sessionId: string
    readonly message: string
    readonly workerInfo: { readonly title: string; readonly url: string }
  }
  readonly result: Json | undefined
  readonly error: { readonly message: string } | undefined
}

/** The value of an expression that a thread computes. */
export async function evaluate(thread: Asked, expression: string): Promise<unknown> {
  const { result, exceptionDetails } = await thread.ask('Runtime.evaluate', {
    expression,
    returnByValue: true,
  })
  if (exceptionDetails !== undefined) throw new Error(`the process could not say ${expression}`)
  return (result as { value?: unknown }).value // border: as above
}

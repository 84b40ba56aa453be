/**
 * receiver — sends batches to one receiver of OTLP over HTTP, by its rules.
 *
 *     2xx  taken; what the answer names as rejected is lost       429 502 503 504  again, not before Retry-After
 *     else never again: the batch is lost                         no answer        again
 *
 * What is lost is counted, in requests. Runs in the log thread.
 */
import type { SinkTools } from '../../contract/machine/log-sinks.ts'
import { Post } from '../../shipping/post.ts'
import { Queue } from '../../shipping/queue.ts'
import { queueTools } from '../../shipping/queue-tools.ts'
import { Undelivered } from '../../shipping/undelivered.ts'
import type { Encoder, Encoding, Source } from '../../tracing/otlp/encode.ts'
import type { ShipSettings } from './ship-settings.ts'

export type OpenEncoder<T> = (encoding: Encoding, source: Source) => Promise<Encoder<T>>

const COME_AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504])
const KEEPALIVE_MS = 60_000
const REJECTED = 'rejected'

export class Receiver<T> {
  readonly #queue: Queue<T>
  readonly #post: Post
  readonly #open: () => Promise<Encoder<T>>
  readonly #tools: SinkTools
  #encoder: Promise<Encoder<T>> | null
  /** Of batches that are being taken: they are not delivered, though the batch is. */
  #rejected: number

  constructor(open: OpenEncoder<T>, settings: ShipSettings, tools: SinkTools) {
    this.#tools = tools
    this.#post = new Post(
      {
        ...settings,
        method: 'POST',
        headers: settings.headers,
        keepaliveMs: KEEPALIVE_MS,
      },
      tools.trusted,
    )
    this.#open = () => open(settings.encoding, sourceOf(settings, tools))
    this.#encoder = null
    this.#rejected = 0
    const own = {
      ...queueTools(tools),
      delivered: (count: number) => {
        tools.delivered(Math.max(0, count - this.#rejected))
        this.#rejected = 0
      },
    }
    const name = `opentelemetry to ${this.#post.place}`
    this.#queue = new Queue<T>(name, settings.queue, (batch) => this.#deliver(batch), own)
  }

  get waiting(): number {
    return this.#queue.waiting
  }

  put(entry: T, bytes: number): void {
    this.#queue.put(entry, bytes)
  }

  async close(graceMs: number): Promise<void> {
    await this.#queue.close(graceMs)
    await this.#post.close()
  }

  async #deliver(batch: readonly T[]): Promise<void> {
    this.#encoder ??= this.#open()
    const encoder = await this.#encoder
    const answer = await this.#post.ask(encoder.encode(batch), { 'content-type': encoder.contentType })
    const { status } = answer
    if (status >= 200 && status < 300) return this.#take(encoder, answer.body, batch.length)
    const reason = `${this.#post.place} answered ${status}`
    if (!COME_AGAIN.has(status)) throw new Undelivered(reason, { isFinal: true })
    throw new Undelivered(reason, { afterMs: pauseOf(answer.retryAfter) })
  }

  #take(encoder: Encoder<T>, body: Uint8Array, all: number): void {
    const rejected = readAnswer(encoder, body)
    if (rejected.count === 0) return
    // It counts spans, of which a request has several.
    const lost = Math.min(rejected.count, all)
    this.#rejected += lost
    this.#tools.lost(lost, REJECTED)
    const { count, message } = rejected
    this.#tools.log('warn', `${this.#post.place} has not taken ${count} of a batch: ${message.slice(0, 200)}`)
  }
}

/** A receiver that took the batch may answer what it likes. */
function readAnswer<T>(encoder: Encoder<T>, body: Uint8Array): { count: number; message: string } {
  try {
    return encoder.readAnswer(body)
  } catch {
    return { count: 0, message: '' }
  }
}

/** Seconds, or a date. */
function pauseOf(retryAfter: string): number {
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1000
  const at = Date.parse(retryAfter)
  return Number.isNaN(at) ? 0 : Math.max(0, at - Date.now())
}

function sourceOf(settings: ShipSettings, tools: SinkTools): Source {
  const own = {
    'service.name': 'kong',
    'service.version': tools.version,
    'service.instance.id': tools.nodeId,
  }
  return { resource: { ...own, ...settings.resource }, version: tools.version }
}

/** ship-zipkin — the log thread's end of zipkin: spans of exchanges, as JSON, several exchanges in one request. */
import type { LogRecord, Sink, SinkTools } from '../../contract/machine/log-sinks.ts'
import { Post, type PostSettings } from '../../shipping/post.ts'
import { Queue, type QueueSettings } from '../../shipping/queue.ts'
import { queueTools } from '../../shipping/queue-tools.ts'
import { makeSpans, type SpanSettings } from './spans.ts'

export interface ShipZipkinSettings {
  readonly post: PostSettings
  readonly queue: QueueSettings
  readonly spans: SpanSettings
}

/** Zipkin answers 202. Redirects are not followed, so they are no success. */
const REFUSED_FROM = 300

export function shipZipkin(settings: ShipZipkinSettings, tools: SinkTools): Sink {
  const post = new Post(settings.post, tools.trusted)
  const deliver = async (texts: readonly string[]) => {
    const status = await post.send(`[${texts.join(',')}]`)
    if (status >= REFUSED_FROM) throw new Error(`${post.place} answered ${status}`)
  }
  const queue = new Queue<string>(`zipkin ${post.place}`, settings.queue, deliver, queueTools(tools))
  return {
    write: (record: LogRecord) => {
      const spans = makeSpans(record, settings.spans, tools)
      // All spans of an exchange are one entry: they go together, or are lost together.
      const text = spans.map((span) => JSON.stringify(span)).join(',')
      if (text !== '') queue.put(text, Buffer.byteLength(text))
    },
    get waiting() {
      return queue.waiting
    },
    close: async (graceMs) => {
      await queue.close(graceMs)
      await post.close()
    },
  }
}

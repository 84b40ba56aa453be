/** ship-http — the log thread's end of http-log: a queue of JSON texts, each batch of which is one request. */
import type { LogRecord, Sink, SinkTools } from '../../contract/machine/log-sinks.ts'
import { type EntityOf, kongLog } from '../../logs/kong-log.ts'
import { Post, type PostSettings } from '../../shipping/post.ts'
import { Queue, type QueueSettings } from '../../shipping/queue.ts'
import { queueTools } from '../../shipping/queue-tools.ts'

export interface ShipHttpSettings {
  /** By which metrics name the sink. */
  readonly place: string
  readonly post: PostSettings
  readonly queue: QueueSettings
}

/** Kong's. Redirects are not followed, so they are no success. */
const REFUSED_FROM = 300

export function shipHttp(settings: ShipHttpSettings, tools: SinkTools): Sink {
  const entity: EntityOf = (kind, id) => tools.entity(kind, id)
  const post = new Post(settings.post, tools.trusted)
  const isSingle = settings.queue.maxBatchSize === 1
  const deliver = async (texts: readonly string[]) => {
    const status = await post.send(isSingle ? texts[0]! : `[${texts.join(',')}]`)
    if (status >= REFUSED_FROM) throw new Error(`${post.place} answered ${status}`)
  }
  const queue = new Queue<string>(`http-log ${post.place}`, settings.queue, deliver, queueTools(tools))
  return {
    write: (record: LogRecord) => {
      const text = kongLog(record, entity)
      queue.put(text, Buffer.byteLength(text))
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

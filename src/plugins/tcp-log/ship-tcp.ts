/**
 * ship-tcp — the log thread's end of tcp-log: a queue of lines, written one batch after the other.
 *
 * A batch whose connection fails is sent again whole on a new one: the receiver may have had lines of it before.
 */
import type { LogRecord, Sink, SinkTools } from '../../contract/machine/log-sinks.ts'
import { type EntityOf, kongLog } from '../../logs/kong-log.ts'
import { Queue, type QueueSettings } from '../../shipping/queue.ts'
import { queueTools } from '../../shipping/queue-tools.ts'
import { StreamSocket, type StreamSocketSettings } from '../../shipping/stream-socket.ts'

/** The plugin has no fields for it. Small batches, since each may come twice; otherwise Kong's defaults. */
const QUEUE: QueueSettings = {
  maxBatchSize: 64,
  maxCoalescingDelayMs: 0,
  maxEntries: 10_000,
  maxBytes: null,
  maxRetryTimeMs: 60_000,
  initialRetryDelayMs: 10,
  maxRetryDelayMs: 5000,
  concurrency: 1,
}

export function shipTcp(settings: StreamSocketSettings, tools: SinkTools): Sink {
  const entity: EntityOf = (kind, id) => tools.entity(kind, id)
  const socket = new StreamSocket(settings, tools.trusted)
  const deliver = (lines: readonly string[]) => socket.write(lines.join(''))
  const name = `tcp-log ${settings.host}:${settings.port}`
  const queue = new Queue<string>(name, QUEUE, deliver, queueTools(tools))
  return {
    write: (record: LogRecord) => {
      const line = `${kongLog(record, entity)}\n`
      queue.put(line, Buffer.byteLength(line))
    },
    get waiting() {
      return queue.waiting
    },
    close: async (graceMs) => {
      await queue.close(graceMs)
      socket.close()
    },
  }
}

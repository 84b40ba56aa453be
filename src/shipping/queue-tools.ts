/** queue-tools — what a queue in the log thread needs of the world: a sink's tools, and timers. */
import type { SinkTools } from '../contract/machine/log-sinks.ts'
import type { QueueTools } from './queue.ts'

export function queueTools(tools: SinkTools): QueueTools {
  return {
    now: () => tools.now(),
    later: (ms, callback) => {
      const timer = setTimeout(callback, ms)
      return () => clearTimeout(timer)
    },
    lost: (count, why) => tools.lost(count, why),
    delivered: (count) => tools.delivered(count),
    log: (level, message, fields) => tools.log(level, message, fields),
  }
}

/** ship-syslog — the log thread's end of syslog: a queue of lines for the program that writes them to syslog. */
import type { LogRecord, Sink, SinkTools } from '../../contract/machine/log-sinks.ts'
import { type EntityOf, kongLog } from '../../logs/kong-log.ts'
import { Complaints } from '../../shipping/complaints.ts'
import { PipedProgram } from '../../shipping/piped-program.ts'
import { Queue, type QueueSettings } from '../../shipping/queue.ts'
import { queueTools } from '../../shipping/queue-tools.ts'

/** The numbers of syslog in front of a line; -1: it is not written. */
export interface ShipSyslogSettings {
  readonly command: string
  readonly success: number
  readonly clientError: number
  readonly serverError: number
}

/** A longer one would come in pieces, none of them JSON. */
const LINE_BYTES_MAX = 64 * 1024
const WRITE_MS = 10_000
const END_MS = 2000

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

/** With errors of the socket the program ends, and is started again: without, it would lose lines and say nothing. */
const WORDS = [
  '--socket-errors=on',
  '--tag',
  'kong',
  '--prio-prefix',
  '--size',
  String(LINE_BYTES_MAX),
] as const

export function shipSyslog(settings: ShipSyslogSettings, tools: SinkTools): Sink {
  const entity: EntityOf = (kind, id) => tools.entity(kind, id)
  const complaints = new Complaints('syslog', tools)
  const { command } = settings
  const program = new PipedProgram({ command, words: WORDS, timeoutMs: WRITE_MS }, (said) =>
    complaints.trouble(said),
  )
  const deliver = (lines: readonly string[]) => program.write(lines.join(''))
  const queue = new Queue<string>('syslog', QUEUE, deliver, queueTools(tools))
  return {
    write: (record: LogRecord) => {
      const priority = priorityFor(record.status, settings)
      if (priority < 0) return
      const text = kongLog(record, entity)
      const bytes = Buffer.byteLength(text)
      if (bytes < LINE_BYTES_MAX) return queue.put(`<${priority}>${text}\n`, bytes)
      tools.lost(1, 'too large')
      complaints.lost(1, 'too large', `${bytes} bytes do not fit into a line of syslog`)
    },
    get waiting() {
      return queue.waiting
    },
    close: async (graceMs) => {
      const startedMs = tools.now()
      await queue.close(graceMs)
      await program.close(Math.min(END_MS, Math.max(graceMs - (tools.now() - startedMs), 0)))
    },
  }
}

function priorityFor(status: number, settings: ShipSyslogSettings): number {
  if (status >= 500) return settings.serverError
  return status >= 400 ? settings.clientError : settings.success
}

/** ship-logs — the sink of log records: one of each exchange, traced or not. */
import type { Sink, SinkTools } from '../../contract/machine/log-sinks.ts'
import { type LogEntry, openLogEncoder } from '../../tracing/otlp/encode.ts'
import { logEntryOf } from '../../tracing/otlp/log-entry.ts'
import { weightOf } from '../../tracing/otlp/span.ts'
import { spanNamesOf } from '../../tracing/otlp/span-names.ts'
import { Receiver } from './receiver.ts'
import type { ShipSettings } from './ship-settings.ts'

export function shipLogs(settings: ShipSettings, tools: SinkTools): Sink {
  const receiver = new Receiver<LogEntry>(openLogEncoder, settings, tools)
  return {
    write(record) {
      const entry = logEntryOf(record, spanNamesOf(record, tools))
      receiver.put(entry, weightOf(entry.attributes, entry.body))
    },
    get waiting() {
      return receiver.waiting
    },
    close: (graceMs) => receiver.close(graceMs),
  }
}

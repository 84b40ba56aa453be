/** log-entry — one exchange as an OTLP log record: a line to read, its parts as attributes, and the ids of its trace. */
import type { LogRecord } from '../../contract/machine/log-sinks.ts'
import type { LogEntry } from './encode.ts'
import { rootAttributes } from './root-attributes.ts'
import type { SpanNames } from './span-names.ts'

const WARN_FROM = 400
const ERROR_FROM = 500
const LINE_MAX = 1024

export function logEntryOf(record: LogRecord, names: SpanNames): LogEntry {
  const { trace, timers } = record
  const fault = record.fault === 'NONE' ? '' : ` ${record.fault}`
  const line = `${record.method} ${record.host}${record.uri}`.slice(0, LINE_MAX)
  return {
    atMs: record.startedAt + Math.max(timers.total, 0),
    severity: severityOf(record.status),
    body: `${line} ${record.status} in ${Math.max(timers.total, 0).toFixed(1)} ms${fault}`,
    attributes: rootAttributes(record, names),
    traceId: trace === null ? '' : trace.traceId,
    spanId: trace === null ? '' : trace.spanId,
  }
}

function severityOf(status: number): LogEntry['severity'] {
  if (status >= ERROR_FROM) return 'ERROR'
  return status >= WARN_FROM ? 'WARN' : 'INFO'
}

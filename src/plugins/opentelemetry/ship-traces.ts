/**
 * ship-traces — the sink of spans: takes records of traced exchanges apart, and sends the spans in batches.
 *
 * An entry of the queue is an exchange with all its spans: they are sent, and lost, together.
 */
import type { Sink, SinkTools } from '../../contract/machine/log-sinks.ts'
import { openSpanEncoder } from '../../tracing/otlp/encode.ts'
import { type Span, weightOf } from '../../tracing/otlp/span.ts'
import { spanNamesOf } from '../../tracing/otlp/span-names.ts'
import { spansOf } from '../../tracing/otlp/spans.ts'
import { Receiver } from './receiver.ts'
import type { ShipSettings } from './ship-settings.ts'

export function shipTraces(settings: ShipSettings, tools: SinkTools): Sink {
  const receiver = new Receiver<readonly Span[]>(openSpanEncoder, settings, tools)
  return {
    write(record) {
      if (record.trace === null) return
      const spans = spansOf(record, record.trace, spanNamesOf(record, tools), settings)
      let bytes = 0
      for (const span of spans) bytes += weightOf(span.attributes, span.name)
      receiver.put(spans, bytes)
    },
    get waiting() {
      return receiver.waiting
    },
    close: (graceMs) => receiver.close(graceMs),
  }
}

/** ship-traces — the sink of spans: takes records of traced exchanges apart, and sends the spans in batches. */
import type { Sink, SinkTools } from '../../contract/machine/log-sinks.ts'
import { openSpanEncoder } from '../../tracing/otlp/encode.ts'
import { type Span, weightOf } from '../../tracing/otlp/span.ts'
import { spanNamesOf } from '../../tracing/otlp/span-names.ts'
import { spansOf } from '../../tracing/otlp/spans.ts'
import { Receiver } from './receiver.ts'
import type { ShipSettings } from './ship-settings.ts'

export function shipTraces(settings: ShipSettings, tools: SinkTools): Sink {
  const receiver = new Receiver<Span>(openSpanEncoder, settings, tools)
  return {
    write(record) {
      if (record.trace === null) return
      for (const span of spansOf(record, record.trace, spanNamesOf(record, tools), settings))
        receiver.put(span, weightOf(span.attributes, span.name))
    },
    get waiting() {
      return receiver.waiting
    },
    close: (graceMs) => receiver.close(graceMs),
  }
}

/** What each format is to Propagation. */
import { AddedField } from '../../http1/added-field.ts'
import type { Head } from '../../http1/head.ts'
import type { Incoming } from './incoming.ts'
import type { SpanIds } from './trace-context.ts'
import type { TraceFields } from './trace-fields.ts'

export interface TraceFormat {
  /** Places in TRACE_FIELDS of what `write` writes anew, or what would contradict it. */
  readonly fields: readonly number[]
  /** Fills `into`. False: the format's fields are not there, or not valid; `into` is then as it may be. */
  read(head: Head, fields: TraceFields, into: Incoming): boolean
  /** Adds the format's fields. `debug`: see TraceContext. */
  write(head: Head, ids: SpanIds, debug: boolean): void
}

/** For values that are known to be fit for a header. */
export function addTraceField(head: Head, name: string, value: string): void {
  head.added.push(new AddedField(name, value, null, -1))
}

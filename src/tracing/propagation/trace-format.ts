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

/**
 * The line of a field that is added to `head`, for the value's bytes to be written from where it begins; all but the
 * value is there. The memory is the head's, for as long as the gateway has it, so nothing is allocated for a request.
 */
export function addTraceLine(head: Head, name: string, length: number): Uint8Array {
  const size = name.length + length + 4
  const kept = head.rewritten
  for (let i = 0; i < kept.length; i++) {
    const field = kept[i]!
    if (field.name !== name) continue
    if (field.line!.length !== size) kept[i] = makeField(name, length)
    head.added.push(kept[i]!)
    return kept[i]!.line!
  }
  kept.push(makeField(name, length))
  head.added.push(kept[kept.length - 1]!)
  return kept[kept.length - 1]!.line!
}

function makeField(name: string, length: number): AddedField {
  return new AddedField(name, '', Buffer.from(`${name}: ${' '.repeat(length)}\r\n`, 'latin1'), -1)
}

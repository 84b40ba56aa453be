/**
 * trace-fields — finds the header fields that carry a trace, of all formats, in one pass over a head.
 *
 *     name ─▶ one of the gateway's own? ─▶ first letter and length ─▶ bytes        nearly all fall at the first two
 *
 * A field that a plugin has taken out is found all the same: what counts is what the client has sent.
 *
 * HOT     `find` runs for every request where a plugin traces.
 */
import { TOKEN } from '../../http1/chars.ts'
import { DROPPED, type Head, STRIDE } from '../../http1/head.ts'
import { OTHER } from '../../http1/names.ts'

/** Places in TRACE_FIELDS. */
export const TRACEPARENT = 0
export const TRACESTATE = 1
export const B3 = 2
export const B3_TRACE = 3
export const B3_SPAN = 4
export const B3_PARENT = 5
export const B3_SAMPLED = 6
export const B3_FLAGS = 7
export const UBER = 8
export const OT_TRACE = 9
export const OT_SPAN = 10
export const OT_SAMPLED = 11
export const DATADOG_TRACE = 12
export const DATADOG_PARENT = 13
export const DATADOG_PRIORITY = 14
export const AMZN = 15
export const CLOUD = 16
export const INSTANA_TRACE = 17
export const INSTANA_SPAN = 18
export const INSTANA_LEVEL = 19

export const TRACE_FIELDS = [
  'traceparent',
  'tracestate',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
  'uber-trace-id',
  'ot-tracer-traceid',
  'ot-tracer-spanid',
  'ot-tracer-sampled',
  'x-datadog-trace-id',
  'x-datadog-parent-id',
  'x-datadog-sampling-priority',
  'x-amzn-trace-id',
  'x-cloud-trace-context',
  'x-instana-t',
  'x-instana-s',
  'x-instana-l',
] as const

const names = TRACE_FIELDS.map((name) => Buffer.from(name, 'latin1'))
/** By first letter, bit n: some name has n bytes. All have fewer than 32. */
const lengths = new Int32Array(256)
for (const name of names) {
  lengths[name[0]!]! |= 1 << name.length
  lengths[name[0]! - 32]! |= 1 << name.length
}

export class TraceFields {
  /** Bit n: field n of TRACE_FIELDS was sent. */
  found: number
  /** Bit n: more than once. No format but tracestate has a meaning for that. */
  doubled: number
  readonly #rows: Int32Array

  constructor() {
    this.found = 0
    this.doubled = 0
    this.#rows = new Int32Array(TRACE_FIELDS.length)
  }

  /** False: there are none. */
  find(head: Head): boolean {
    const spans = head.spans
    const bytes = head.bytes
    const count = head.count | 0
    this.found = 0
    this.doubled = 0
    let at = 0
    for (let row = 0; row < count; row++, at += STRIDE) {
      const known = spans[at + 4]!
      if (known !== OTHER && known !== DROPPED) continue
      const start = spans[at]!
      const length = (spans[at + 1]! - start) | 0
      if (((lengths[bytes[start]!]! >>> length) & 1) !== 0 && length < 32)
        this.#note(head, row, start, length)
    }
    return this.found !== 0
  }

  #note(head: Head, row: number, start: number, length: number): void {
    for (let field = 0; field < names.length; field++) {
      const name = names[field]!
      if (name.length !== length || !isNamed(head.bytes, start, name)) continue
      const bit = 1 << field
      if ((this.found & bit) !== 0) this.doubled |= bit
      else this.#rows[field] = row
      this.found |= bit
      return
    }
  }

  /** Sent exactly once. */
  has(field: number): boolean {
    return (((this.found & ~this.doubled) >>> field) & 1) !== 0
  }

  /** Sent at all. */
  wasSent(field: number): boolean {
    return ((this.found >>> field) & 1) !== 0
  }

  /** Where the first value of a field that was sent begins and ends. */
  start(head: Head, field: number): number {
    return head.spans[this.#rows[field]! * STRIDE + 2]!
  }

  end(head: Head, field: number): number {
    return head.spans[this.#rows[field]! * STRIDE + 3]!
  }
}

function isNamed(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if (TOKEN[bytes[start + i]!] !== name[i]) return false
  return true
}

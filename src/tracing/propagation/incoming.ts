/** The one TraceContext of a Propagation, which formats fill and the next request overwrites. */
import type { FormatName } from './format.ts'
import type { TraceContext } from './trace-context.ts'

export class Incoming implements TraceContext {
  /** Where formats read ids to. They count once they are `take`n. */
  readonly traceBytes: Uint8Array
  readonly parentBytes: Uint8Array
  traceId: Uint8Array | null
  parentId: Uint8Array | null
  sampled: boolean | null
  debug: boolean
  format: FormatName

  constructor() {
    this.traceBytes = new Uint8Array(16)
    this.parentBytes = new Uint8Array(8)
    this.traceId = null
    this.parentId = null
    this.sampled = null
    this.debug = false
    this.format = 'w3c'
  }

  /** Answers true, for formats to return. */
  take(format: FormatName, hasParent: boolean, sampled: boolean | null): true {
    this.traceId = this.traceBytes
    this.parentId = hasParent ? this.parentBytes : null
    this.sampled = sampled
    this.debug = false
    this.format = format
    return true
  }

  /** Nothing but whether to sample. */
  takeDecision(format: FormatName, sampled: boolean): true {
    this.take(format, false, sampled)
    this.traceId = null
    return true
  }
}

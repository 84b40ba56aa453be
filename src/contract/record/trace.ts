/**
 * trace — what is written down of an exchange that is traced. Most are not, and have none: their cost is one look at
 * x.trace a step.
 *
 * A plugin's onStart decides before anything else happens (head sampling) and opens it; flow and chain note their steps
 * in it; the plugin ships it in its log step. Tries are in x.tries. All plugins of an exchange share one trace, whose
 * id is the request's own where it begins here: so each decides by the same number, and what one has opened the others
 * find.
 */

/** A step of the flow, or of a plugin in one phase. Times: milliseconds of the worker's clock; endMs 0: not ended. */
export interface TraceStep {
  /** In the words of Kong's spans behind `kong.`: `router`, `access.plugin.key-auth`. */
  readonly name: string
  readonly startMs: number
  endMs: number
}

/** More steps than this of one exchange are not noted. */
export const STEPS_MAX = 200

export class Trace {
  /** 16 bytes. */
  readonly traceId: Uint8Array
  /** 8 bytes: of the exchange as a whole. */
  readonly spanId: Uint8Array
  /** 8 bytes: of the try whose answer counts. It is what the target is told as its parent. */
  readonly tryId: Uint8Array
  /** 8 bytes: of who asked; null: the trace begins here. */
  readonly parentId: Uint8Array | null
  /** Who asked has decided that it is traced; false: it is its id's ratio that did. */
  isAsked: boolean
  /**
   * A plugin that applies to the exchange ships it. A configuration that is bound to a route opens traces before any
   * route is known: those of other routes are recorded and come to nothing. Logs show the ids of kept ones only.
   */
  isKept: boolean
  readonly steps: TraceStep[]

  constructor(traceId: Uint8Array, parentId: Uint8Array | null, spanId: Uint8Array, tryId: Uint8Array) {
    this.traceId = traceId
    this.parentId = parentId
    this.spanId = spanId
    this.tryId = tryId
    this.isAsked = false
    this.isKept = false
    this.steps = []
  }

  begin(name: string, nowMs: number): void {
    if (this.steps.length < STEPS_MAX) this.steps.push({ name, startMs: nowMs, endMs: 0 })
  }

  /** Of the step that began last and has not ended; nothing where all have. */
  end(nowMs: number): void {
    for (let i = this.steps.length - 1; i >= 0; i--) {
      const step = this.steps[i]!
      if (step.endMs !== 0) continue
      step.endMs = nowMs
      return
    }
  }
}

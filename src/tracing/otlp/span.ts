/** span — one span on its way out, as plain data; what a format makes of it is the encoder's. */

export const INTERNAL = 0
export const SERVER = 1
export const CLIENT = 2

export type Attributes = Record<string, string | number | boolean>

export interface Span {
  /** 32 hex. */
  readonly traceId: string
  /** 16 hex. */
  readonly spanId: string
  /** '' for a trace's first. */
  readonly parentId: string
  /** The parent is not the gateway's. */
  readonly isParentRemote: boolean
  readonly name: string
  readonly kind: typeof INTERNAL | typeof SERVER | typeof CLIENT
  /** Milliseconds since 1970, with parts. */
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Attributes
  readonly isError: boolean
  /** '' where there is nothing to say. */
  readonly errorText: string
}

/** Measured in the heap; on the wire it is half as much. */
const OBJECT_BYTES = 550
const ATTRIBUTE_BYTES = 40

/** About what a span or a log record weighs in memory, so that a queue's limit is one of memory. */
export function weightOf(attributes: Attributes, text: string): number {
  let bytes = OBJECT_BYTES + text.length
  for (const [name, value] of Object.entries(attributes))
    bytes += ATTRIBUTE_BYTES + name.length + (typeof value === 'string' ? value.length : 8)
  return bytes
}

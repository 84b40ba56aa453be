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

/** About what a span or a log record weighs, in memory and on the wire. */
export function weightOf(attributes: Attributes, text: string): number {
  let bytes = 200 + text.length
  for (const [name, value] of Object.entries(attributes))
    bytes += 24 + name.length + (typeof value === 'string' ? value.length : 8)
  return bytes
}

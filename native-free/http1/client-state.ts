/** Where a client's connection stands, and how long the client may be silent there. Drawn in connection.ts. */
import type { ListenerLimits } from '../../src/contract/listener.ts'

export const IDLE = 0
export const HEAD = 1
export const BODY = 2
export const WAIT = 3
export const TUNNEL = 4
export const DISCARD = 5
export const LINGER = 6
export const CLOSED = 7

const LINGER_MS = 2000

/** 0 while it is not the client's turn. `bodyOpen`: the flow takes what comes of the body. */
export function patienceMs(state: number, bodyOpen: boolean, limits: ListenerLimits): number {
  if (state === IDLE) return limits.keepAliveTimeoutMs
  if (state === HEAD) return limits.headerTimeoutMs
  if (state === LINGER) return LINGER_MS
  return state === DISCARD || (state === BODY && bodyOpen) ? limits.bodyTimeoutMs : 0
}

export const patience = {
  /** A client that ends its side within this time of its request still wants the answer; later, it has gone. */
  longAfterMs: 100,
  /** How long an idle connection stays open for a request that is on its way when the listener drains. */
  idleDrainMs: 1000,
} as const

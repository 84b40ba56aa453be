/**
 * timers — where the time of an exchange went, in parts that add up: HAProxy's Tq, Tw, Tc, Tr and Ta.
 *
 * WHAT    first byte   head whole   first try    sent         head          end
 *              |--request--|            |            |            |            |
 *              |-------gateway----------|wait+connect|--response--|--receive---|
 *              |-----------------------------total-----------------------------|
 *
 *         `gateway` has the request's head in it, and plugins, and a body that was gathered: Kong's `kong` latency.
 *         Of several tries the last one's answer counts. What was lost on those before it, with the pauses between,
 *         stands in `connect`, as in HAProxy; a time that a try waited for a free connection stands in `wait`.
 *         Without any try all of it was the gateway's.
 *
 * LIMITS  -1 is "not reached": a refusal of a plugin has no `connect`, a target that fell silent no `response`. Of more
 *         than TRIES_KEPT tries, the waits of those that are not kept stand in `connect`.
 *
 * HOT     `timersOf` runs once a request where access lines or log plugins ask for it: loads and stores.
 */
import type { Exchange } from '../exchange.ts'
import { TRY_END, TRY_HEAD, TRY_SENT, TRY_START, type TryLog } from './try-log.ts'

/** Until the request's head was whole: Tq. */
export const TIMER_REQUEST = 0
/** Until there was a free connection: Tw. */
export const TIMER_WAIT = 1
/** Until there was a connection, with the tries that failed: Tc. */
export const TIMER_CONNECT = 2
/** From the request sent to the head of the answer: Tr. */
export const TIMER_RESPONSE = 3
/** From the first byte to the end: Ta. */
export const TIMER_TOTAL = 4
/** From the first byte to the first try, or to the end where there was none. */
export const TIMER_GATEWAY = 5
/** From the head of the target's answer to the end of it, a tunnel's too: HAProxy's Td. */
export const TIMER_RECEIVE = 6
export const TIMERS = 7

const NOT_REACHED = -1

/** Milliseconds into `into`, which has TIMERS places. */
export function timersOf(x: Exchange, into: Float64Array): void {
  const tries = x.tries
  const total = between(x.startMs, x.endMs)
  into[TIMER_REQUEST] = between(x.startMs, x.enteredMs)
  into[TIMER_TOTAL] = total
  if (tries.count === 0) {
    into[TIMER_WAIT] = NOT_REACHED
    into[TIMER_CONNECT] = NOT_REACHED
    into[TIMER_RESPONSE] = NOT_REACHED
    into[TIMER_RECEIVE] = NOT_REACHED
    into[TIMER_GATEWAY] = total
    return
  }
  const last = tries.count - 1
  const start = tries.time(0, TRY_START)
  const sent = tries.time(last, TRY_SENT)
  const head = tries.time(last, TRY_HEAD)
  const end = tries.time(last, TRY_END)
  const wait = waited(tries, x.endMs)
  into[TIMER_GATEWAY] = between(x.startMs, start)
  into[TIMER_WAIT] = wait
  into[TIMER_CONNECT] = sent === 0 ? NOT_REACHED : atLeast0(sent - start - wait)
  into[TIMER_RESPONSE] = between(sent, head)
  into[TIMER_RECEIVE] = between(head, end === 0 ? x.endMs : end)
}

/** By all tries that are kept. */
function waited(tries: TryLog, endMs: number): number {
  const count = tries.count
  let sum = 0
  for (let i = 0; i < count; i++) {
    if (tries.queued[i] === 0) continue
    const sent = tries.time(i, TRY_SENT)
    const end = tries.time(i, TRY_END)
    const until = sent !== 0 ? sent : end !== 0 ? end : endMs
    sum += atLeast0(until - tries.time(i, TRY_START))
  }
  return sum
}

/** 0 is "not yet". */
function between(fromMs: number, toMs: number): number {
  return fromMs === 0 || toMs === 0 ? NOT_REACHED : atLeast0(toMs - fromMs)
}

/** A target may answer before its request is out. */
function atLeast0(ms: number): number {
  return ms > 0 ? ms : 0
}

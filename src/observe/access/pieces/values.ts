/** values — what the names of all styles have in common: how a value is read off an exchange. */
import { faults } from '../../../base/faults.ts'
import type { Exchange } from '../../../contract/exchange.ts'
import { TRY_HEAD, TRY_SENT, TRY_START } from '../../../contract/record/try-log.ts'

/** After trusted_ips. */
export function clientAddress(x: Exchange): string {
  if (x.clientAddress !== '') return x.clientAddress
  return x.client === null ? '' : x.client.peerAddress
}

export function peerAddress(x: Exchange): string {
  return x.client === null ? '' : x.client.peerAddress
}

export function consumerName(x: Exchange): string {
  if (x.consumer === null) return ''
  return x.consumer.username === null ? x.consumer.id : x.consumer.username
}

/** As Kong's line has it: who has no username is nobody. */
export function userName(x: Exchange): string {
  return x.consumer === null || x.consumer.username === null ? '' : x.consumer.username
}

export function routeName(x: Exchange): string {
  if (x.route === null) return ''
  return x.route.name === null ? x.route.id : x.route.name
}

export function serviceName(x: Exchange): string {
  const service = x.route === null ? null : x.route.service
  if (service === null) return ''
  return service.name === null ? service.id : service.name
}

export function faultCode(x: Exchange): string {
  return x.fault === faults.NONE ? '' : x.fault.code
}

export function blame(x: Exchange): string {
  return x.fault === faults.NONE ? '' : x.fault.blame
}

/** From the first byte of the request to the head of the target's answer; -1: none came. */
export function untilHead(x: Exchange): number {
  const head = x.tries.count === 0 ? 0 : x.tries.time(x.tries.count - 1, TRY_HEAD)
  return head === 0 ? -1 : Math.max(0, head - x.startMs)
}

/** Of the last try: until it had a connection. */
export function untilConnected(x: Exchange): number {
  const last = x.tries.count - 1
  const sent = last < 0 ? 0 : x.tries.time(last, TRY_SENT)
  return sent === 0 ? -1 : Math.max(0, sent - x.tries.time(last, TRY_START))
}

/** Until the request's last byte; known of requests without a body. */
export function untilRequest(x: Exchange): number {
  return x.enteredMs === 0 || x.requestLength !== 0 ? -1 : Math.max(0, x.enteredMs - x.startMs)
}

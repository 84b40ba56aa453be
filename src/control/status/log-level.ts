/**
 * GET and PUT /status/log-level: the level of the operator log, to be read and changed while the gateway runs.
 *
 * The status listener may be open to many, for metrics. Who may change something is on this machine: a peer of
 * loopback, one whose address is the listener's own, or one at a unix socket. A proxy on this machine speaks for
 * others, and a browser for pages: both say so in a field, and are refused.
 */
import type { IncomingMessage } from 'node:http'

export interface LevelView {
  readonly level: string
  /** LOG_LEVEL. */
  readonly configured: string
  /** Until it goes back to that one; 0: it stays. */
  readonly seconds: number
}

export interface LevelDoor {
  show(): LevelView
  /** 0 seconds: for good. False: there is no such level. */
  set(level: string, seconds: number): boolean
}

export interface LevelAnswer {
  readonly status: number
  readonly body: object
}

export const LEVEL_PATH = '/status/log-level'
/** A day: who wants it longer changes LOG_LEVEL. */
export const SECONDS_MAX = 86_400

const SPEAKS_FOR_OTHERS = ['origin', 'x-forwarded-for', 'forwarded', 'via', 'x-real-ip']

export function answerLevel(request: IncomingMessage, query: string, door: LevelDoor): LevelAnswer {
  if (!isOfThisMachine(request)) return refusal(403, 'only from this machine')
  if (request.method === 'GET' || request.method === 'HEAD') return { status: 200, body: door.show() }
  if (request.method !== 'PUT') return refusal(405, 'Method not allowed')
  const asked = new URLSearchParams(query)
  const seconds = asked.get('timeout') ?? '0'
  if (!/^\d{1,5}$/.test(seconds) || Number(seconds) > SECONDS_MAX)
    return refusal(400, `timeout: seconds from 0 to ${SECONDS_MAX}`)
  if (!door.set(asked.get('level') ?? '', Number(seconds)))
    return refusal(400, 'level: debug, info, notice, warn, error, crit, alert or emerg')
  return { status: 200, body: door.show() }
}

function refusal(status: number, message: string): LevelAnswer {
  return { status, body: { message } }
}

export function isOfThisMachine(request: Pick<IncomingMessage, 'headers' | 'socket'>): boolean {
  const { remoteAddress, localAddress } = request.socket
  if (SPEAKS_FOR_OTHERS.some((name) => request.headers[name] !== undefined)) return false
  // At a unix socket nobody has an address.
  if (remoteAddress === undefined) return localAddress === undefined
  const peer = remoteAddress.replace(/^::ffff:/, '')
  return peer === '::1' || peer.startsWith('127.') || remoteAddress === localAddress
}

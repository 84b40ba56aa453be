/**
 * run-closed-load — closed-loop load over HTTP/1.1 by wrk where it is installed, else by autocannon; over HTTP/2 by
 * h2load; of handshakes and of messages by a loop of our own.
 */
import type { Protocol } from '../load/scenario.ts'
import { has } from '../measure/run-child.ts'
import { hasAutocannon, runAutocannon } from './autocannon.ts'
import { runH2load } from './h2load.ts'
import type { ClosedLoad, ClosedResult } from './load-result.ts'
import { runOwnLoop } from './run-own-loop.ts'
import { runWrk } from './wrk.ts'

/** What can ask over HTTP/1.1. */
export type ClosedTool = 'wrk' | 'autocannon'

/** The one to take here; throws what to do where there is none. */
export function closedTool(method: string): ClosedTool {
  // Both wait for the body that an answer to HEAD tells of and does not have.
  if (method === 'HEAD') throw new Error('no closed loop can ask with HEAD: give a rate')
  if (has('wrk')) return 'wrk'
  if (hasAutocannon()) return 'autocannon'
  throw new Error('a closed loop needs wrk or autocannon: npm install autocannon')
}

/** Who sends over a protocol, with `tool` for HTTP/1.1. */
export function senderOf(
  protocol: Protocol | undefined,
  tool: ClosedTool,
): ClosedTool | 'h2load' | 'a loop of our own' {
  if (protocol === 'h2') return 'h2load'
  return protocol === 'handshake' || protocol === 'websocket' ? 'a loop of our own' : tool
}

/** What a protocol needs and this machine has not, and what to do; '' where nothing is missing. */
export function whyNoSender(protocol: Protocol | undefined): string {
  return protocol === 'h2' && !has('h2load') ? 'not installed: apt-get install nghttp2-client' : ''
}

export function runClosedLoad(
  load: ClosedLoad,
  cores: readonly number[],
  tool = closedTool(load.method),
): Promise<ClosedResult> {
  const sender = senderOf(load.protocol, tool)
  if (sender === 'h2load') return runH2load(load, cores)
  if (sender === 'a loop of our own') return runOwnLoop(load, cores)
  return sender === 'wrk' ? runWrk(load, cores) : runAutocannon(load, cores)
}

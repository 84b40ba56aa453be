/** Which engine listens: native-free, or uWebSockets.js where it can be loaded. */
import { type ListenerTools, NativeFreeListener } from '../../native-free/listener.ts'
import { faults, GatewayError } from '../base/faults.ts'
import type { Listener } from '../contract/listener.ts'

export function makeListener(engine: 'node' | 'uws', tools: ListenerTools): Listener {
  if (engine === 'uws') throw new GatewayError(faults.ENGINE_UNAVAILABLE, 'uws is not part of this build')
  return new NativeFreeListener(tools)
}

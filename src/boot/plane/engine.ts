/** Which engine listens: native-free, or uWebSockets.js where it can be loaded. */
import { NativeFreeListener } from '../../../native-free/listener.ts'
import type { Listener } from '../../contract/listener.ts'
import type { ListenerTools } from '../../contract/listener-tools.ts'
import { UwsListener } from '../../flow/listener/uws/uws-listener.ts'
import { loadUws } from '../../flow/listener/uws.ts'

/** Throws ENGINE_UNAVAILABLE when the engine can't be loaded here. */
export function makeListener(engine: 'node' | 'uws', tools: ListenerTools): Listener {
  return engine === 'uws' ? new UwsListener(loadUws(), tools) : new NativeFreeListener(tools)
}

/** uws-behavior — what the engine is told of WebSockets: its own limits are off, and each event goes to its tunnel. */
import type { UwsBehavior, UwsContext, UwsRequest, UwsResponse } from './uws-api.ts'
import { MESSAGE_MAX } from './uws-tunnel.ts'

/** Never reached: the target is paused long before, and one message more may still come. */
const BACKPRESSURE_MAX = 4 * MESSAGE_MAX
/** Of the library: none. A compressed message would have to be put together by us all the same. */
const NO_COMPRESSION = 0

type Upgrade = (res: UwsResponse, req: UwsRequest, context: UwsContext) => void

export function makeBehavior(upgrade: Upgrade): UwsBehavior {
  return {
    maxPayloadLength: MESSAGE_MAX,
    maxBackpressure: BACKPRESSURE_MAX,
    // The service's read_timeout is the limit, and it is kept on the target's side.
    idleTimeout: 0,
    sendPingsAutomatically: false,
    compression: NO_COMPRESSION,
    upgrade,
    open: (ws) => ws.getUserData().tunnel.opened(ws),
    message: (ws, bytes, isBinary) => ws.getUserData().tunnel.message(bytes, isBinary),
    ping: (ws, bytes) => ws.getUserData().tunnel.pinged(bytes),
    pong: (ws, bytes) => ws.getUserData().tunnel.ponged(bytes),
    drain: (ws) => ws.getUserData().tunnel.drained(),
    close: (ws, code, reason) => ws.getUserData().tunnel.closed(code, reason),
  }
}

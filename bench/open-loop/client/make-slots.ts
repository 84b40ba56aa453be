/** make-slots — as many slots as a load asks for, of the kind that speaks its protocol. */
import type { ClosedLoad } from '../../closed-loop/load-result.ts'
import { Connection } from './connection.ts'
import { EchoSlot } from './echo-slot.ts'
import { HandshakeSlot } from './handshake-slot.ts'
import { renderHttp2 } from './http2/http2-request.ts'
import { Http2Session } from './http2/http2-session.ts'
import { Http2Slot } from './http2/http2-slot.ts'
import { renderRequests } from './rendered-request.ts'
import type { Slot, SlotOwner } from './slot.ts'

export function makeSlots(owner: SlotOwner, load: ClosedLoad): Slot[] {
  const make = makerOf(owner, load)
  return Array.from({ length: load.connections }, make).flat()
}

/** What makes the slots of one connection. */
function makerOf(owner: SlotOwner, load: ClosedLoad): () => Slot[] {
  if (load.protocol === 'handshake') return () => [new HandshakeSlot(owner)]
  if (load.protocol === 'websocket') return () => [new EchoSlot(owner)]
  if (load.protocol === 'h2') return http2Maker(owner, load)
  const requests = renderRequests(load)
  const toHead = load.method === 'HEAD'
  return () => [new Connection(owner, requests, toHead)]
}

function http2Maker(owner: SlotOwner, load: ClosedLoad): () => Slot[] {
  const requests = renderHttp2(load)
  return () => {
    const session = new Http2Session(owner.target)
    return Array.from({ length: load.streams ?? 1 }, () => new Http2Slot(owner, session, requests))
  }
}

/** serve-on — gives a session its client: the accepted socket as it is, or TLS over it. */
import type { Socket } from 'node:net'
import { faults } from '../../base/faults.ts'
import type { Session } from './session.ts'

/** `first`: bytes that were read already. */
export function serveOn(session: Session, accepted: Socket, first: Buffer): void {
  if (session.facts.isTls && !session.route!.passesTls) return shakeOn(session, accepted, first)
  attach(session, takeHandle(accepted))
  if (first.length > 0) session.pipe.carry(session.pipe.client, first, 0, first.length)
}

function shakeOn(session: Session, accepted: Socket, first: Buffer): void {
  // A handshake reads what was read before it from where it would have been.
  accepted.unshift(first)
  const shake = session.tools.shake(accepted, {
    shaken: (handle) => {
      session.shake = null
      attach(session, handle)
    },
    unshaken: () => {
      session.shake = null
      session.end(faults.REQUEST_MALFORMED)
    },
  })
  if (shake !== null) {
    session.shake = shake
    return
  }
  accepted.on('error', () => {})
  accepted.destroy()
  session.end(faults.INTERNAL)
}

/** Reading begins: what comes before there is a target waits for it. */
function attach(session: Session, handle: object | null): void {
  const { readBuffer: buffer, socketOver } = session.tools
  const { pipe } = session
  const callback = (count: number): boolean => pipe.carry(pipe.client, buffer, 0, count)
  const socket = socketOver(handle, { buffer, callback })
  socket.on('end', () => session.clientEnded())
  socket.on('error', () => session.clientLost())
  socket.on('close', () => session.clientLost())
  session.begin(socket)
}

/** Node offers no public way to move a handle. */
function takeHandle(accepted: Socket): object | null {
  const owner = accepted as unknown as { _handle: object | null }
  const handle = owner._handle
  owner._handle = null
  return handle
}

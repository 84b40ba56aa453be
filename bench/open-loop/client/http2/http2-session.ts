/** http2-session — a connection of HTTP/2 that several slots send on: opened for the first, and anew after its end. */
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import net from 'node:net'
import tls from 'node:tls'
import type { Target } from '../target.ts'
import { wordsOf } from '../words-of.ts'
import type { Http2Request } from './http2-request.ts'

export interface SessionUser {
  connected(): void
  /** Told to each that had joined. `reason` is '' for an orderly end. */
  lost(reason: string): void
}

export class Http2Session {
  readonly #target: Target
  readonly #users = new Set<SessionUser>()
  #session: ClientHttp2Session | null = null
  #isOpen = false

  constructor(target: Target) {
    this.#target = target
  }

  /** `connected` may be told before this returns. */
  join(user: SessionUser): void {
    this.#users.add(user)
    if (this.#isOpen) user.connected()
    else if (this.#session === null) this.#open()
  }

  /** The last one closes it. */
  leave(user: SessionUser): void {
    this.#users.delete(user)
    if (this.#users.size > 0) return
    const session = this.#session
    this.#session = null
    this.#isOpen = false
    session?.destroy()
  }

  /** Null where the other side has begun to end it. */
  ask({ fields, body }: Http2Request): ClientHttp2Stream | null {
    const session = this.#session
    if (session === null || session.closed || session.destroyed) return null
    const stream = session.request(fields, { endStream: body.length === 0 })
    if (body.length > 0) stream.end(body)
    return stream
  }

  #open(): void {
    let reason = ''
    const createConnection = (): net.Socket => openSocket(this.#target)
    const session = http2.connect('http://host.invalid', { createConnection })
    this.#session = session
    session.on('error', (cause: NodeJS.ErrnoException) => {
      reason = wordsOf(cause)
    })
    session.on('connect', () => {
      if (session !== this.#session) return
      if (this.#target.isTls && session.alpnProtocol !== 'h2') {
        reason = 'no HTTP/2 is spoken there'
        session.destroy()
        return
      }
      this.#isOpen = true
      for (const user of [...this.#users]) user.connected()
    })
    session.on('goaway', () => this.#lose(session, ''))
    session.on('close', () => this.#lose(session, reason))
  }

  #lose(session: ClientHttp2Session, reason: string): void {
    if (session !== this.#session) return
    this.#session = null
    this.#isOpen = false
    const users = [...this.#users]
    this.#users.clear()
    for (const user of users) user.lost(reason)
    session.destroy()
  }
}

/** Any certificate is taken, as everywhere in load. */
function openSocket({ ip, port, isTls, serverName }: Target): net.Socket {
  const where = { host: ip, port, noDelay: true, autoSelectFamily: false }
  if (!isTls) return net.connect(where)
  const named = serverName === '' ? {} : { servername: serverName }
  return tls.connect({ ...where, ...named, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
}

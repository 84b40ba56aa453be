/**
 * http2-pool — one worker's sessions to one address that speaks HTTP/2, and the queue for what finds no room in them.
 *
 * The session opened last is asked first, so that few are busy and the others age out.
 */
import type { Address } from '../../../contract/target.ts'
import { Pool, type PoolLimits } from '../pool.ts'
import { STREAMS_FIRST, type TargetSession } from './session.ts'

/** Sessions to one address; more would not help a target that allows too few streams. */
const SESSIONS_MAX = 256

export class Http2Pool extends Pool {
  /** Those that take tries. */
  readonly sessions: TargetSession[]
  /** Of the same address for HTTP/1.1: for what ALPN agreed on, and for tunnels. Null until needed. */
  http1: Pool | null
  /** What the target allows at once in a session, as it last said. */
  streams: number
  /** ALPN has chosen HTTP/1.1. */
  isHttp1: boolean

  constructor(address: Address, limits: PoolLimits) {
    super(address, limits)
    this.sessions = []
    this.http1 = null
    this.streams = STREAMS_FIRST
    this.isHttp1 = false
  }

  override get idle(): number {
    let count = 0
    for (const session of this.sessions) if (session.isOpen && session.isIdle) count++
    return count
  }

  override hasRoom(): boolean {
    return this.sessions.length < SESSIONS_MAX && super.hasRoom()
  }

  /** One with room that was opened at or after `sinceMs`, an open one before one that still connects; or null. */
  choose(sinceMs: number): TargetSession | null {
    let connecting: TargetSession | null = null
    for (let i = this.sessions.length - 1; i >= 0; i--) {
      const session = this.sessions[i]!
      if (!session.hasRoom || session.openedMs < sinceMs) continue
      if (session.isOpen) return session
      connecting ??= session
    }
    return connecting
  }

  forgetSession(session: TargetSession): void {
    const at = this.sessions.indexOf(session)
    if (at >= 0) this.sessions.splice(at, 1)
  }

  override closeIdle(): void {
    for (const session of [...this.sessions]) if (session.isIdle) session.destroy()
  }
}

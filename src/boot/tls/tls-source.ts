/**
 * tls-source — what all configurations share of TLS, as the primary has it: read at the start, read again with each
 * reload, since whoever renews a certificate puts it where the old one lay, and with new ticket keys now and then.
 */
import type { Environment } from '../../config/env/env.ts'
import type { TlsDefaults } from '../../config/plan/compile-tls.ts'
import { makeTicketKeys, openTlsDefaults } from './tls-defaults.ts'

/** How long the keys of tickets are used; whoever comes back with an older ticket makes a whole handshake. */
const TICKET_KEYS_MS = 12 * 60 * 60 * 1000

export class TlsSource {
  readonly #environment: Environment
  #current: TlsDefaults | null
  #timer: NodeJS.Timeout | null

  /** Throws GatewayError ENVIRONMENT_INVALID, naming the file. */
  static async open(environment: Environment): Promise<TlsSource> {
    return new TlsSource(environment, await openTlsDefaults(environment, Date.now()))
  }

  private constructor(environment: Environment, current: TlsDefaults | null) {
    this.#environment = environment
    this.#current = current
    this.#timer = null
  }

  /** Null where no address has `ssl`. */
  get current(): TlsDefaults | null {
    return this.#current
  }

  /** As it stands in the files now, with the ticket keys in use. Throws as `open` does. */
  async readAgain(): Promise<TlsDefaults | null> {
    if (this.#current === null) return null
    const { ticketKeys } = this.#current
    return { ...(await openTlsDefaults(this.#environment, Date.now()))!, ticketKeys }
  }

  /** What was read again, and found good, counts from now on. */
  take(read: TlsDefaults | null): void {
    this.#current = read
  }

  renewTickets(renewed: () => void): void {
    if (this.#current === null) return
    this.#timer = setInterval(() => {
      this.#current = { ...this.#current!, ticketKeys: makeTicketKeys() }
      renewed()
    }, TICKET_KEYS_MS).unref()
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
  }
}

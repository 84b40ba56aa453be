/**
 * redis-door — a worker's only way to Redis: one link for each distinct settings, whoever asks for it and however
 * often.
 *
 * A reload closes the old plan's links after it has opened the new plan's, or a little before: a link whose last user
 * has gone stays for LINGER_MS, so that its connection outlives the change.
 */
import type {
  Check,
  Push,
  RedisLink,
  RedisOpener,
  RedisSettings,
  RedisState,
} from '../contract/machine/redis.ts'
import { type RedisTools, SharedLink } from './shared-link.ts'

const LINGER_MS = 30_000

interface Shared {
  readonly link: SharedLink
  users: number
  closing: NodeJS.Timeout | null
}

export class RedisDoor implements RedisOpener {
  readonly #tools: RedisTools
  readonly #lingerMs: number
  readonly #links: Map<string, Shared>

  constructor(tools: RedisTools, lingerMs = LINGER_MS) {
    this.#tools = tools
    this.#lingerMs = lingerMs
    this.#links = new Map()
  }

  /** Links that are open, those that linger included. */
  get size(): number {
    return this.#links.size
  }

  open(settings: RedisSettings): RedisLink {
    const id = identityOf(settings)
    let shared = this.#links.get(id)
    if (shared === undefined) {
      shared = { link: new SharedLink(settings, this.#tools), users: 0, closing: null }
      this.#links.set(id, shared)
    }
    if (shared.closing !== null) clearTimeout(shared.closing)
    shared.closing = null
    shared.users++
    return new Link(shared.link, () => this.#release(id))
  }

  #release(id: string): void {
    const shared = this.#links.get(id)
    if (shared === undefined || --shared.users > 0) return
    shared.closing = setTimeout(() => {
      this.#links.delete(id)
      shared.link.close()
    }, this.#lingerMs)
    shared.closing.unref()
  }

  /** At the end of the worker: all at once, without waiting. */
  close(): void {
    for (const shared of this.#links.values()) {
      if (shared.closing !== null) clearTimeout(shared.closing)
      shared.link.close()
    }
    this.#links.clear()
  }
}

class Link implements RedisLink {
  readonly #shared: SharedLink
  readonly #release: () => void
  #isClosed: boolean

  constructor(shared: SharedLink, release: () => void) {
    this.#shared = shared
    this.#release = release
    this.#isClosed = false
  }

  get state(): RedisState {
    return this.#shared.state
  }

  check(check: Check): boolean {
    return this.#shared.check(check)
  }

  push(push: Push): boolean {
    return this.#shared.push(push)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#release()
  }
}

function identityOf(settings: RedisSettings): string {
  const nodes = [...(settings.sentinel_nodes ?? []), ...(settings.cluster_nodes ?? [])]
  return JSON.stringify([
    [settings.host, settings.port, settings.timeout, settings.database],
    [settings.username, settings.password, settings.sentinel_username, settings.sentinel_password],
    [settings.ssl, settings.ssl_verify, settings.server_name],
    [settings.sentinel_master, (settings.sentinel_nodes ?? []).length],
    nodes.map(({ host, port }) => [host, port]),
  ])
}

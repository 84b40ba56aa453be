/**
 * seen-agents — what has been decided of the User-Agents that came lately.
 *
 * WHAT    Two generations: what is asked for again moves into the young one; when that is full the old one is dropped.
 *
 * LIMITS  At most 2 × AGENTS_MAX of at most LENGTH_MAX characters, so that nobody fills the memory by making names up.
 *
 * HOT     `get` runs once a request.
 */
const AGENTS_MAX = 1000
const LENGTH_MAX = 512

export class SeenAgents {
  #young: Map<string, boolean>
  #old: Map<string, boolean>

  constructor() {
    this.#young = new Map()
    this.#old = new Map()
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** Undefined when it is not known. */
  get(agent: string): boolean | undefined {
    const found = this.#young.get(agent)
    if (found !== undefined) return found
    const older = this.#old.get(agent)
    if (older !== undefined) this.set(agent, older)
    return older
  }

  set(agent: string, isRefused: boolean): void {
    if (agent.length > LENGTH_MAX) return
    if (this.#young.size >= AGENTS_MAX) {
      const emptied = this.#old
      emptied.clear()
      this.#old = this.#young
      this.#young = emptied
    }
    this.#young.set(agent, isRefused)
  }
}

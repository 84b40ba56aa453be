/**
 * name-table — a worker's copy of what names resolve to; the primary sends each change and nobody here asks for
 * one.
 */
import type { Names, Resolved } from '../../contract/target.ts'

export class NameTable implements Names {
  readonly #answers: Map<string, readonly Resolved[]>
  readonly #watchers: Map<string, Set<() => void>>

  constructor() {
    this.#answers = new Map()
    this.#watchers = new Map()
  }

  get(name: string): readonly Resolved[] | undefined {
    return this.#answers.get(name.toLowerCase())
  }

  watch(name: string, changed: () => void): () => void {
    const key = name.toLowerCase()
    // A function of its own, so that one callback registered twice is two watches.
    const watcher = () => changed()
    const watchers = this.#watchers.get(key) ?? new Set()
    this.#watchers.set(key, watchers.add(watcher))
    return () => {
      watchers.delete(watcher)
      if (watchers.size === 0 && this.#watchers.get(key) === watchers) this.#watchers.delete(key)
    }
  }

  /** A new answer from the primary; null forgets the name, without telling those who still hold its addresses. */
  update(name: string, answers: readonly Resolved[] | null): void {
    const key = name.toLowerCase()
    if (answers === null) {
      this.#answers.delete(key)
      return
    }
    this.#answers.set(key, answers)
    for (const watcher of [...(this.#watchers.get(key) ?? [])]) watcher()
  }
}

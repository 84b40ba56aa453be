/**
 * plugin-shelf — the plugins that configurations are judged by: an operator's own from the start, so that a broken one
 * is told of at once, and of those that come with the gateway the ones that a configuration's text names.
 *
 * All of them take a fifth of a second to load, most configurations name three.
 */
import type { AnyPlugin } from '../../contract/plugin.ts'
import { BUNDLED, loadPlugins, pluginNames } from '../registry.ts'

export class PluginShelf {
  readonly #bundled: readonly string[]
  readonly #loaded: Map<string, AnyPlugin>

  private constructor(bundled: readonly string[], loaded: Map<string, AnyPlugin>) {
    this.#bundled = bundled
    this.#loaded = loaded
  }

  /** Rejects with GatewayError ENVIRONMENT_INVALID for a plugin of `directories` (SLUICE_PLUGINS_DIR) that is wrong. */
  static async open(directories: readonly string[]): Promise<PluginShelf> {
    const own = await Promise.all(directories.map(pluginNames))
    return new PluginShelf(await pluginNames(BUNDLED), await loadPlugins(directories, new Set(own.flat())))
  }

  /** Those loaded so far; it grows. */
  get plugins(): ReadonlyMap<string, AnyPlugin> {
    return this.#loaded
  }

  loadNamedIn(text: string): Promise<boolean> {
    return this.#load((name) => text.includes(name))
  }

  /** For who has to say what there is. Answers whether there was one more. */
  loadAll(): Promise<boolean> {
    return this.#load(() => true)
  }

  async #load(isWanted: (name: string) => boolean): Promise<boolean> {
    const wanted = this.#bundled.filter((name) => !this.#loaded.has(name) && isWanted(name))
    if (wanted.length === 0) return false
    for (const [name, plugin] of await loadPlugins([], new Set(wanted))) this.#loaded.set(name, plugin)
    return true
  }
}

/** state-host — the primary's side of the state: opens it when a configuration needs it, and answers the workers. */
import { join } from 'node:path'
import { faults, GatewayError } from '../../base/faults.ts'
import type { Environment } from '../../config/env/env.ts'
import type { Config } from '../../config/model.ts'
import { StateError, type StateStore } from '../../contract/machine/state-store.ts'
import type { AnyPlugin } from '../../contract/plugin.ts'
import { FileStore } from '../../store/file-store.ts'
import { lockFolder } from './folder-lock.ts'
import type { StateAnswer, StateAsk } from './state-messages.ts'

const SWEEP_MS = 60_000

type Settings = Pick<Environment, 'dataDir' | 'prefix' | 'stateMaxBytes'>
type Tell = (level: 'warn' | 'error', message: string, fields: Record<string, unknown>) => void

interface Opened {
  readonly store: FileStore
  close(): Promise<void>
}

export class StateHost {
  readonly #settings: Settings
  readonly #log: Tell
  #opened: Promise<Opened> | null = null

  constructor(settings: Settings, log: Tell) {
    this.#settings = settings
    this.#log = log
  }

  /** Nothing is touched before the first configuration that keeps something. Rejects with GatewayError. */
  async openFor(config: Config, plugins: ReadonlyMap<string, AnyPlugin>): Promise<void> {
    if (this.#opened === null && !keepsState(config, plugins)) return
    this.#opened ??= this.#open()
    await this.#opened.catch((cause: unknown) => {
      // It may be mended by the next reload.
      this.#opened = null
      throw cause
    })
  }

  async answer(ask: StateAsk): Promise<StateAnswer> {
    try {
      const opened = await this.#opened
      if (opened === null)
        throw new StateError('away', "no plugin's definition says usesState: nothing is kept")
      return { value: await perform(opened.store, ask), reason: '', message: '' }
    } catch (cause) {
      const reason = cause instanceof StateError ? cause.reason : 'away'
      return { value: null, reason, message: cause instanceof Error ? cause.message : String(cause) }
    }
  }

  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => null)
    await opened?.close()
  }

  async #open(): Promise<Opened> {
    const { dataDir, prefix, stateMaxBytes } = this.#settings
    const folder = dataDir === '' ? join(prefix, 'data') : dataDir
    const unlock = lockFolder(folder)
    try {
      const store = await FileStore.open({ folder, bytesMax: stateMaxBytes, now: Date.now, log: this.#log })
      const sweep = setInterval(() => store.sweep(), SWEEP_MS).unref()
      const close = async (): Promise<void> => {
        clearInterval(sweep)
        await store.close()
        unlock()
      }
      return { store, close }
    } catch (cause) {
      unlock()
      if (cause instanceof GatewayError) throw cause
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new GatewayError(faults.STATE_UNREADABLE, `SLUICE_DATA_DIR ${folder}: ${why}`, cause)
    }
  }
}

function perform(store: StateStore, ask: StateAsk): Promise<unknown> {
  if (ask.op === 'get') return store.get(ask.key)
  if (ask.op === 'take') return store.take(ask.key)
  if (ask.op === 'commit') return store.commit(ask.change)
  return store.list(ask.prefix, ask.after, ask.limit)
}

function keepsState(config: Config, plugins: ReadonlyMap<string, AnyPlugin>): boolean {
  return config.plugins.some(({ enabled, name }) => enabled && plugins.get(name)?.usesState === true)
}

/**
 * reload — one configuration after another: read, check, hand to the workers, and never leave them in doubt.
 *
 * Requests that come while one is under way share the one that follows it, so a burst of signals costs two reloads. A
 * refused configuration changes nothing. If a worker refuses what the primary had accepted, the old one goes out again
 * under a new epoch, so that all workers run the same.
 */
import type { Config } from '../config/model.ts'

export interface Checked {
  /** Null when it is refused. */
  readonly config: Config | null
  /** For the log: each with file, line and column. */
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
}

export interface ReloadDoors {
  /** Reads the source again and checks all of it. */
  read(): Promise<Checked>
  /** Hands `config` to every worker; answers what the refusing ones say. */
  publish(config: Config, epoch: number): Promise<readonly string[]>
  log(level: 'notice' | 'warn' | 'error', message: string, fields: Record<string, unknown>): void
}

export type Outcome = 'taken' | 'unchanged' | 'refused'

export class Reloader {
  readonly #doors: ReloadDoors
  #config: Config
  #epoch: number
  #running: Promise<Outcome> | null = null
  #next: Promise<Outcome> | null = null
  #nextOnlyIfChanged = true
  #taken = 0
  #refused = 0

  constructor(doors: ReloadDoors, first: Config) {
    this.#doors = doors
    this.#config = first
    this.#epoch = 1
  }

  get config(): Config {
    return this.#config
  }
  get epoch(): number {
    return this.#epoch
  }
  get taken(): number {
    return this.#taken
  }
  get refused(): number {
    return this.#refused
  }

  /** `onlyIfChanged`: the same text as before is no reload. */
  request(reason: string, onlyIfChanged = false): Promise<Outcome> {
    if (this.#running === null) {
      this.#running = this.#run(reason, onlyIfChanged).finally(() => {
        this.#running = null
      })
      return this.#running
    }
    // Shared by all who ask meanwhile: it may skip only if none of them wants it in any case.
    this.#nextOnlyIfChanged &&= onlyIfChanged
    this.#next ??= this.#running.then(() => this.#runNext(reason))
    return this.#next
  }

  #runNext(reason: string): Promise<Outcome> {
    const onlyIfChanged = this.#nextOnlyIfChanged
    this.#next = null
    this.#nextOnlyIfChanged = true
    return this.request(reason, onlyIfChanged)
  }

  async #run(reason: string, onlyIfChanged: boolean): Promise<Outcome> {
    const checked = await this.#doors.read().catch(unreadable)
    if (checked.config === null) return this.#refuse(reason, checked.errors)
    if (onlyIfChanged && checked.config.hash === this.#config.hash) return 'unchanged'
    for (const warning of checked.warnings) this.#doors.log('warn', warning, {})
    const refusals = await this.#doors.publish(checked.config, ++this.#epoch)
    if (refusals.length > 0) {
      await this.#doors.publish(this.#config, ++this.#epoch)
      return this.#refuse(reason, refusals)
    }
    this.#config = checked.config
    this.#taken++
    this.#doors.log('notice', 'the configuration was reloaded', {
      reason,
      epoch: this.#epoch,
      hash: checked.config.hash,
    })
    return 'taken'
  }

  #refuse(reason: string, errors: readonly string[]): Outcome {
    this.#refused++
    for (const error of errors) this.#doors.log('error', error, {})
    this.#doors.log('error', 'the new configuration was refused; the old one stays', {
      reason,
      errors: errors.length,
      epoch: this.#epoch,
    })
    return 'refused'
  }
}

function unreadable(cause: unknown): Checked {
  return { config: null, errors: [cause instanceof Error ? cause.message : String(cause)], warnings: [] }
}

/** figures — what became of the records of each sink, by a label that people know: the plugin and where it ships to. */
import { basename, dirname } from 'node:path'
import type { SinkFigures } from '../log-messages.ts'
import type { Opening } from '../ring-door.ts'

/** More labels than this share one. */
const LABELS_MAX = 500
const OTHERS = 'others'

/** Sinks with one label count here together. */
export class Figures {
  readonly label: string
  records = 0
  delivered = 0
  waiting = 0
  readonly lost: Record<string, number> = {}

  constructor(label: string) {
    this.label = label
  }

  lose(count: number, why: string): void {
    if (count !== 0) this.lost[why] = (this.lost[why] ?? 0) + count
  }
}

export class FigureBook {
  readonly #byLabel = new Map<string, Figures>()

  /** Kept for ever: counters do not go back. */
  of(label: string): Figures {
    const known = this.#byLabel.get(label)
    if (known !== undefined) return known
    if (this.#byLabel.size >= LABELS_MAX && label !== OTHERS) return this.of(OTHERS)
    const made = new Figures(label)
    this.#byLabel.set(label, made)
    return made
  }

  all(): SinkFigures[] {
    return [...this.#byLabel.values()].map(({ label, records, delivered, lost, waiting }) => ({
      label,
      records,
      delivered,
      lost: { ...lost },
      waiting,
    }))
  }

  forgetWaiting(): void {
    for (const figures of this.#byLabel.values()) figures.waiting = 0
  }
}

/** `file-log /var/log/orders.log`, `http-log logs.example.com:8080`: no credentials, path or query of an address. */
export function labelOf(opening: Opening): string {
  const plugin = basename(dirname(opening.from))
  const place = placeOf(opening.settings as Readonly<Record<string, unknown>>) // plain data, by the contract
  return place === '' ? plugin : `${plugin} ${place}`
}

function placeOf(settings: Readonly<Record<string, unknown>>): string {
  const { path, host, port } = settings
  for (const value of Object.values(settings)) {
    const place = typeof value === 'string' ? hostOf(value) : ''
    if (place !== '') return place
  }
  if (typeof path === 'string') return path
  if (typeof host === 'string') return typeof port === 'number' ? `${host}:${port}` : host
  return ''
}

function hostOf(text: string): string {
  if (!/^https?:\/\//i.test(text)) return ''
  try {
    return new URL(text).host
  } catch {
    return '' // it only looks like one
  }
}

/** The kinds of value an environment variable can have: how each is written, and the reading of it. */

/** What a reader answers instead of a value. */
export class Wrong {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

export interface Kind<T> {
  /** How a value is written, for docs/config.md. */
  readonly says: string
  read(text: string): T | Wrong
}

export const text: Kind<string> = { says: 'text', read: (given) => given }

/** A place log lines go: '' when they go nowhere. */
export const logPlace: Kind<string> = {
  says: 'a path, or `off`',
  read: (given) => (given === 'off' || given === 'none' ? '' : given),
}

/** Kong's own environment names a format behind the place. */
export const streamLogPlace: Kind<string> = {
  says: 'a path, or `off`; `basic` may stand behind it, as in Kong',
  read: (given) => logPlace.read(given.replace(/ +basic$/, '')),
}

export const path: Kind<string> = { says: 'a path', read: (given) => given }

export const truth: Kind<boolean> = {
  says: '`on` or `off`',
  read(given) {
    if (/^(on|true)$/i.test(given)) return true
    if (/^(off|false)$/i.test(given)) return false
    return new Wrong(`'${given}' is neither on nor off`)
  },
}

export function integer(least: number, most: number): Kind<number> {
  return {
    says: `an integer from ${least} to ${most}`,
    read: (given) => readInteger(given, least, most),
  }
}

/** An integer, or `auto`, which reads as 0 and is worked out from the machine. */
export function integerOrAuto(least: number, most: number): Kind<number> {
  return {
    says: `\`auto\` or an integer from ${least} to ${most}`,
    read(given) {
      if (given === 'auto') return 0
      const value = readInteger(given, least, most)
      return value instanceof Wrong
        ? new Wrong(`'${given}' is neither auto nor an integer from ${least} to ${most}`)
        : value
    },
  }
}

function readInteger(given: string, least: number, most: number): number | Wrong {
  const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN
  if (value >= least && value <= most) return value
  return new Wrong(`'${given}' is not an integer from ${least} to ${most}`)
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds. A number without a unit counts in `bare`, which is Kong's unit for that name. */
export function duration(bare: 's' | 'ms'): Kind<number> {
  return {
    says: `a time: \`250ms\`, \`8s\`, \`1m\`; a plain number counts ${bare === 's' ? 'seconds' : 'milliseconds'}`,
    read(given) {
      const parts = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)?$/.exec(given)
      if (parts === null) return new Wrong(`'${given}' is not a time such as 8s or 250ms`)
      return Math.round(Number(parts[1]) * UNIT_MS[parts[2] ?? bare]!)
    },
  }
}

const UNIT_BYTES: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }

export const bytes: Kind<number> = {
  says: 'a size in bytes: `8192`, `8k`, `10m`, `1g`',
  read: readBytes,
}

/** nginx writes some sizes as a number of buffers and their size: `4 8k`. */
export const buffers: Kind<number> = {
  says: 'a size in bytes (`32k`), or a number of buffers and their size (`4 8k`)',
  read(given) {
    const parts = /^(\d{1,4}) +(\S+)$/.exec(given)
    if (parts === null) return readBytes(given)
    const each = readBytes(parts[2]!)
    return each instanceof Wrong ? each : Number(parts[1]) * each
  },
}

function readBytes(given: string): number | Wrong {
  const parts = /^(\d{1,12})([kmg]?)b?$/i.exec(given)
  const value = parts === null ? Number.NaN : Number(parts[1]) * UNIT_BYTES[parts[2]!.toLowerCase()]!
  return Number.isSafeInteger(value) ? value : new Wrong(`'${given}' is not a size such as 8192, 8k or 10m`)
}

export function oneOf<const T extends string>(...allowed: readonly T[]): Kind<T> {
  return {
    says: allowed.map((word) => `\`${word}\``).join(', '),
    read(given) {
      const found = allowed.find((word) => word === given)
      return found ?? new Wrong(`'${given}' is not one of ${allowed.join(', ')}`)
    },
  }
}

/** Words separated by commas; `off` and nothing at all are the empty list. */
export function list<T>(item: Kind<T>): Kind<readonly T[]> {
  return {
    says: `a comma-separated list of ${item.says}; or \`off\``,
    read(given) {
      const values: T[] = []
      for (const word of words(given)) {
        const value = item.read(word)
        if (value instanceof Wrong) return value
        values.push(value)
      }
      return values
    },
  }
}

export function words(given: string): string[] {
  if (given === 'off') return []
  return given
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}

export const portPair: Kind<readonly [listens: number, shown: number]> = {
  says: '`80:8000`',
  read(given) {
    const parts = /^(\d{1,5}):(\d{1,5})$/.exec(given)
    const shown = Number(parts?.[1])
    const listens = Number(parts?.[2])
    if (!(shown > 0 && shown < 65536 && listens > 0 && listens < 65536)) {
      return new Wrong(`'${given}' is not two ports such as 80:8000`)
    }
    return [listens, shown]
  },
}

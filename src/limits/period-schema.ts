/** The fields second to year of a limit, and Kong's rules about them. */
import { s, type Value } from '../contract/schema.ts'
import { type Limits, PERIOD_NAMES } from './periods.ts'

const limit = s.number({ gt: 0 })

export const periodFields = {
  second: { ...limit, says: 'Requests a second.' },
  minute: { ...limit, says: 'Requests a minute.' },
  hour: { ...limit, says: 'Requests an hour.' },
  day: { ...limit, says: 'Requests a day.' },
  month: { ...limit, says: 'Requests a month.' },
  year: { ...limit, says: 'Requests a year.' },
}

type Config = { [key: string]: Value }

/** `prefix`: what Kong puts before the names: 'config.' or nothing. */
export function atLeastOnePeriod(config: Config, prefix: string): string | null {
  if (PERIOD_NAMES.some((name) => config[name] !== null)) return null
  const names = PERIOD_NAMES.map((name) => `'${prefix}${name}'`).join(', ')
  return `at least one of these fields must be non-empty: ${names}`
}

/** A longer period with a lower limit would make the shorter one's pointless. */
export function periodOrder(config: Config, opening = 'The limit'): string | null {
  for (let i = 0; i < PERIOD_NAMES.length; i++) {
    const short = config[PERIOD_NAMES[i]!]
    if (typeof short !== 'number') continue
    for (const name of PERIOD_NAMES.slice(i + 1)) {
      const long = config[name]
      if (typeof long === 'number' && long < short)
        return `${opening} for ${name}(${long.toFixed(1)}) cannot be lower than the limit for ${PERIOD_NAMES[i]}(${short.toFixed(1)})`
    }
  }
  return null
}

/** How many periods are limited. */
export function periodCount(limits: Limits | Config): number {
  return PERIOD_NAMES.filter((name) => (limits[name] ?? null) !== null).length
}

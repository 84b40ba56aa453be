/** Resolves `{vault://env/NAME}` references against the environment, through vault entities or without. */
import type { Value } from '../../../contract/schema.ts'
import { isRecord } from '../../validate.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface Vaults {
  /** Answers the value, or '' and why there is none. */
  resolve(reference: string): { text: string; missing: string | null }
}

const REFERENCE = /^\{vault:\/\/([^/?]+)\/([^/?]+)(?:\/([^/?]+))?\/?(?:\?([^}]*))?\}$/

/** `sections` are the vaults of the file as written: what is wrong with them is said elsewhere. */
export function openVaults(environment: Environment, written: readonly Value[]): Vaults {
  const prefixes = new Map<string, string>([['env', '']])
  for (const vault of written) {
    if (!isRecord(vault) || typeof vault['prefix'] !== 'string' || vault['name'] !== 'env') continue
    const config = isRecord(vault['config']) ? vault['config'] : {}
    prefixes.set(vault['prefix'], typeof config['prefix'] === 'string' ? config['prefix'] : '')
  }
  return { resolve: (reference) => resolve(reference, prefixes, environment) }
}

function resolve(
  reference: string,
  prefixes: ReadonlyMap<string, string>,
  environment: Environment,
): { text: string; missing: string | null } {
  const parts = REFERENCE.exec(reference)
  if (parts === null) return missing(`not a well-formed vault reference: ${reference}`)
  const [, vault, resource, key, query] = parts
  const prefix = prefixes.get(vault!)
  if (prefix === undefined) return missing(`could not find vault (${vault}): ${reference}`)
  const asked = /(?:^|&)prefix=([^&]*)/.exec(query ?? '')
  const name = `${asked?.[1] ?? prefix}${resource}`.toUpperCase().replaceAll('-', '_')
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined
  if (value === undefined) return missing(`unable to resolve ${reference}: ${name} is not set`)
  return key === undefined ? { text: value, missing: null } : member(reference, name, value, key)
}

function member(
  reference: string,
  name: string,
  json: string,
  key: string,
): { text: string; missing: string | null } {
  try {
    const record: unknown = JSON.parse(json)
    const found =
      typeof record === 'object' && record !== null
        ? Object.entries(record).find(([k]) => k === key)
        : undefined
    const value: unknown = found?.[1]
    if (typeof value === 'string' || typeof value === 'number') return { text: String(value), missing: null }
    return missing(`unable to resolve ${reference}: ${name} has no '${key}'`)
  } catch {
    // The text is a secret: it must not get into a message.
    return missing(`unable to resolve ${reference}: ${name} is not JSON`)
  }
}

function missing(message: string): { text: string; missing: string } {
  return { text: '', missing: message }
}

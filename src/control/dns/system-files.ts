/** system-files — the hosts file and resolv.conf, as far as a resolver needs them. */

export interface ResolvConf {
  /** Suffixes for names with few dots. */
  readonly search: readonly string[]
  /** Names with at least so many dots are asked for as they are first. */
  readonly ndots: number
}

const SEARCH_MAX = 32
const NDOTS_MAX = 15

/** Addresses by lower-case name, in the order of the file. */
export function parseHosts(text: string): Map<string, string[]> {
  const hosts = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    // A zone ("fe80::1%lo0") means nothing to a target.
    if (address === undefined || address.includes('%')) continue
    for (const name of names) {
      const addresses = hosts.get(name.toLowerCase()) ?? []
      if (!addresses.includes(address)) hosts.set(name.toLowerCase(), [...addresses, address])
    }
  }
  return hosts
}

/** The last `search` or `domain` line counts, as in resolv.conf(5). */
export function parseResolvConf(text: string): ResolvConf {
  let search: string[] = []
  let ndots = 1
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/)
    if (keyword === 'search' || keyword === 'domain') search = values.slice(0, SEARCH_MAX)
    if (keyword !== 'options') continue
    for (const value of values) {
      const found = /^ndots:(\d+)$/.exec(value)
      if (found !== null) ndots = Math.min(Number(found[1]), NDOTS_MAX)
    }
  }
  return {
    search: search.map((domain) => domain.replace(/\.$/, '')).filter((domain) => domain !== ''),
    ndots,
  }
}

/** The full names to ask for, in order. */
export function candidatesOf(name: string, { search, ndots }: ResolvConf): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)]
  const suffixed = search.map((domain) => `${name}.${domain}`)
  const dots = name.split('.').length - 1
  return dots >= ndots ? [name, ...suffixed] : [...suffixed, name]
}

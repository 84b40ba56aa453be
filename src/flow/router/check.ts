/**
 * check — what a route still asks of a request once host, path prefix and method fit: headers, SNI, a regex path.
 *
 * HOT     Runs for each candidate that has one. Names and plain values are compared as bytes; a string is made only
 *         for a header value that a pattern is to judge.
 */
import type { Exchange } from '../../contract/exchange.ts'
import { TOKEN } from '../../http1/chars.ts'
import { DROPPED, type Head, STRIDE } from '../../http1/head.ts'
import type { Regex } from './regex.ts'
import { LOWER } from './tables/bytes-table.ts'

/** One header name with the values it may have; one suffices. */
export class HeaderCheck {
  /** Lower case, one character a byte. */
  readonly name: string
  /** Lower case, one character a byte. */
  readonly values: readonly string[]
  readonly patterns: readonly Regex[]

  constructor(name: string, values: readonly string[], patterns: readonly Regex[]) {
    this.name = name
    this.values = values
    this.patterns = patterns
  }

  passes(head: Head): boolean {
    for (let row = 0; row < head.count; row++)
      if (isNamed(head, row, this.name) && this.#takesRow(head, row)) return true
    for (let i = 0; i < head.added.length; i++) {
      const field = head.added[i]!
      if (field.name.toLowerCase() === this.name && this.#takes(field.value.toLowerCase())) return true
    }
    return false
  }

  #takesRow(head: Head, row: number): boolean {
    const start = head.spans[row * STRIDE + 2]!
    const end = head.spans[row * STRIDE + 3]!
    for (let i = 0; i < this.values.length; i++) {
      if (equals(head.bytes, start, end, this.values[i]!)) return true
    }
    if (this.patterns.length === 0) return false
    const text = head.bytes.toString('utf8', start, end).toLowerCase()
    for (let i = 0; i < this.patterns.length; i++) if (this.patterns[i]!.test(text)) return true
    return false
  }

  #takes(lower: string): boolean {
    for (let i = 0; i < this.values.length; i++) if (this.values[i] === lower) return true
    for (let i = 0; i < this.patterns.length; i++) if (this.patterns[i]!.test(lower)) return true
    return false
  }
}

/** TLS server names, one of which must be the connection's. Plain HTTP passes: it has none to compare. */
export class SniCheck {
  readonly names: ReadonlySet<string>
  /** Of '*.x' the '.x'. */
  readonly suffixes: readonly string[]
  /** Of 'x.*' the 'x.'. */
  readonly prefixes: readonly string[]
  /** True when there is no wildcard among them. */
  readonly isPlain: boolean

  constructor(snis: readonly string[]) {
    const names = snis.map(foldSni)
    this.names = new Set(names.filter((name) => !name.includes('*')))
    this.suffixes = names.filter((name) => name.startsWith('*')).map((name) => name.slice(1))
    this.prefixes = names.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1))
    this.isPlain = this.suffixes.length === 0 && this.prefixes.length === 0
  }

  passes(x: Exchange): boolean {
    if (x.client === null || x.client.scheme !== 'https') return true
    const sni = foldSni(x.client.sni)
    if (sni === '') return false
    if (this.names.has(sni)) return true
    for (let i = 0; i < this.suffixes.length; i++) if (sni.endsWith(this.suffixes[i]!)) return true
    for (let i = 0; i < this.prefixes.length; i++) if (sni.startsWith(this.prefixes[i]!)) return true
    return false
  }
}

export class Check {
  readonly headers: readonly HeaderCheck[]
  readonly sni: SniCheck | null
  readonly regex: Regex | null
  /** Ids of methods that have no bit of their own (method-set.ts); null when bits tell all. */
  readonly methods: readonly number[] | null

  constructor(
    headers: readonly HeaderCheck[],
    sni: SniCheck | null,
    regex: Regex | null,
    methods: readonly number[] | null,
  ) {
    this.headers = headers
    this.sni = sni
    this.regex = regex
    this.methods = methods
  }

  /** All but the regex. */
  passes(x: Exchange, method: number): boolean {
    if (this.methods !== null && !this.methods.includes(method)) return false
    for (let i = 0; i < this.headers.length; i++) if (!this.headers[i]!.passes(x.request)) return false
    return this.sni === null || this.sni.passes(x)
  }
}

/** Lower case, without the dot of a fully qualified name. */
export function foldSni(name: string): string {
  const lower = name.toLowerCase()
  return lower.endsWith('.') ? lower.slice(0, -1) : lower
}

export function isNamed(head: Head, row: number, lower: string): boolean {
  const start = head.spans[row * STRIDE]!
  if (head.spans[row * STRIDE + 1]! - start !== lower.length) return false
  if (head.spans[row * STRIDE + 4] === DROPPED) return false
  for (let i = 0; i < lower.length; i++)
    if (TOKEN[head.bytes[start + i]!] !== lower.charCodeAt(i)) return false
  return true
}

function equals(bytes: Buffer, start: number, end: number, lower: string): boolean {
  if (end - start !== lower.length) return false
  for (let i = 0; i < lower.length; i++) if (LOWER[bytes[start + i]!] !== lower.charCodeAt(i)) return false
  return true
}

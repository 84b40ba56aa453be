/** header-match — whether a request has a header, and what it says. Of one that stands more than once the first counts. */
import { getField } from '../../http1/fields.ts'
import type { Head } from '../../http1/head.ts'
import type { MatchConfig } from './schema.ts'

export class HeaderMatch {
  readonly #name: string
  readonly #way: (value: string) => boolean
  readonly #isInverted: boolean

  constructor(config: MatchConfig) {
    this.#name = config.name.toLowerCase()
    this.#way = wayOf(config)
    this.#isInverted = config.invert_match
  }

  fits(head: Head): boolean {
    const value = getField(head, this.#name)
    return (value !== null && this.#way(value)) !== this.#isInverted
  }
}

function wayOf({
  exact_match,
  prefix_match,
  suffix_match,
  contains_match,
}: MatchConfig): (value: string) => boolean {
  if (exact_match !== null) return (value) => value === exact_match
  if (prefix_match !== null) return (value) => value.startsWith(prefix_match)
  if (suffix_match !== null) return (value) => value.endsWith(suffix_match)
  if (contains_match !== null) return (value) => value.includes(contains_match)
  return () => true
}

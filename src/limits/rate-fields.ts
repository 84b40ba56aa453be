/**
 * rate-fields — the header fields that tell a client of its limits: Kong's, and those of the IETF's draft
 * (draft-ietf-httpapi-ratelimit-headers).
 *
 * HOT     Runs once a limited request: what never changes is one object for all heads; a field with a count is a small
 *         object without text (http1/added-field.ts).
 */
import type { Exchange } from '../contract/exchange.ts'
import { AddedField } from '../http1/added-field.ts'
import { makeConstantField, makeFieldStart } from '../http1/fields.ts'
import { DROPPED, type Head, STRIDE } from '../http1/head.ts'
import type { Calendar } from './calendar.ts'
import type { LimitSet } from './limit-set.ts'
import { PERIOD_NAMES, PERIOD_SECONDS, PERIOD_TITLES } from './periods.ts'

/** Which families of fields are sent. */
export interface FieldForms {
  readonly kong: boolean
  readonly draft: boolean
}

/** A name and its bytes, for fields that differ in their number only. */
class CountedName {
  readonly name: string
  readonly start: Uint8Array

  constructor(name: string) {
    this.name = name
    this.start = makeFieldStart(name)
  }
}

const REMAINING = new CountedName('RateLimit-Remaining')
const RESET = new CountedName('RateLimit-Reset')
const RETRY_AFTER = new CountedName('Retry-After')
const REMAINING_IN = PERIOD_TITLES.map((title) => new CountedName(`X-RateLimit-Remaining-${title}`))

const X = 120
const R = 114
const A = 97

export class RateFields {
  readonly #set: LimitSet
  readonly #forms: FieldForms
  readonly #calendar: Calendar
  /** By period. */
  readonly #limitIn: readonly AddedField[]
  readonly #limit: readonly AddedField[]
  readonly #policy: AddedField
  readonly #policyNames: readonly string[]

  /** `quota`: what stands in the place of the limit where more may come at once. */
  constructor(set: LimitSet, forms: FieldForms, calendar: Calendar, quota: number | null) {
    this.#set = set
    this.#forms = forms
    this.#calendar = calendar
    this.#limitIn = PERIOD_TITLES.map((title, period) =>
      makeConstantField(`X-RateLimit-Limit-${title}`, String(set.limits[period])),
    )
    this.#limit = PERIOD_NAMES.map((_, period) =>
      makeConstantField('RateLimit-Limit', String(quota ?? set.limits[period])),
    )
    const isOne = set.periods.length === 1
    this.#policyNames = PERIOD_NAMES.map((name) => (isOne ? '"default"' : `"${name}"`))
    const policies = Array.from(set.periods, (period) => {
      const most = quota ?? Math.floor(set.limits[period]!)
      return `${this.#policyNames[period]};q=${most};w=${PERIOD_SECONDS[period]}`
    })
    this.#policy = makeConstantField('RateLimit-Policy', policies.join(', '))
  }

  /**
   * `set.ask.used` is what was used before this request. `stop`: the period that refuses, or -1. Answers the seconds
   * until the window that is nearest to its limit is over; of two equally near, the longer.
   */
  putWindows(x: Exchange, cost: number, stop: number): number {
    const set = this.#set
    const used = set.ask.used
    const added = x.response.added
    let least = Infinity
    let nearest = 0
    for (let i = 0; i < set.periods.length; i++) {
      const period = set.periods[i]!
      let left = set.limits[period]! - used[period]!
      // Kong takes this request off in a refusal as well, where nothing is left of it.
      if (stop < 0) left -= cost
      if (left < 0) left = 0
      const rank = stop >= 0 && left < cost ? 0 : left
      if (rank <= least) {
        least = rank
        nearest = period
      }
      if (!this.#forms.kong) continue
      added.push(this.#limitIn[period]!)
      added.push(makeCounted(REMAINING_IN[period]!, left))
    }
    let left = set.limits[nearest]! - used[nearest]! - (stop < 0 ? cost : 0)
    if (left < 0) left = 0
    const resetS = this.#calendar.resetsS[nearest]!
    this.#putNearest(added, nearest, left, resetS)
    return resetS
  }

  /** For limits that have one period and no windows. */
  putPaced(x: Exchange, left: number, resetS: number): void {
    const added = x.response.added
    const period = this.#set.periods[0]!
    if (this.#forms.kong) {
      added.push(this.#limitIn[period]!)
      added.push(makeCounted(REMAINING_IN[period]!, left))
    }
    this.#putNearest(added, period, left, resetS)
  }

  #putNearest(added: AddedField[], period: number, left: number, resetS: number): void {
    if (this.#forms.kong) {
      added.push(this.#limit[period]!)
      added.push(makeCounted(REMAINING, left))
      added.push(makeCounted(RESET, resetS))
    }
    if (!this.#forms.draft) return
    added.push(this.#policy)
    added.push(makeDraft(this.#policyNames[period]!, left, resetS))
  }
}

export function putRetryAfter(x: Exchange, seconds: number): void {
  x.response.added.push(makeCounted(RETRY_AFTER, seconds))
}

function makeCounted(counted: CountedName, count: number): AddedField {
  return (count | 0) === count
    ? new AddedField(counted.name, '', counted.start, count)
    : new AddedField(counted.name, String(count), null, -1)
}

function makeDraft(policy: string, left: number, resetS: number): AddedField {
  return new AddedField('RateLimit', `${policy};r=${Math.floor(left)};t=${resetS}`, null, -1)
}

/** A target may have limits of its own: of a field that we set the client gets ours alone. */
export function dropTheirFields(head: Head): void {
  const spans = head.spans
  const bytes = head.bytes
  for (let row = 0; row < head.count; row++) {
    const at = row * STRIDE
    const start = spans[at]!
    const first = (bytes[start]! | 32) === X ? start + 2 : start
    if ((bytes[first]! | 32) !== R || (bytes[first + 1]! | 32) !== A) continue
    if (spans[at + 4] !== DROPPED && isAdded(head, head.nameAt(row).toLowerCase())) spans[at + 4] = DROPPED
  }
}

function isAdded(head: Head, lower: string): boolean {
  for (let i = 0; i < head.added.length; i++) if (head.added[i]!.name.toLowerCase() === lower) return true
  return false
}

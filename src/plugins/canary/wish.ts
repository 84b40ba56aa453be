/**
 * wish — what the client itself asks for: `always` or `never`, in a header or a cookie. Any other value is none.
 *
 * HOT     `of` runs once a request.
 */
import { getField } from '../../http1/fields.ts'
import type { Head } from '../../http1/head.ts'

export const NONE = 0
export const ALWAYS = 1
export const NEVER = 2

export class Wish {
  readonly #header: string
  readonly #cookie: RegExp | null

  constructor(header: string | null, cookie: string | null) {
    this.#header = (header ?? '').toLowerCase()
    const escaped = (cookie ?? '').replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    this.#cookie = cookie === null ? null : new RegExp(`(?:^|; ?)${escaped}=(always|never)(?:;|$)`)
  }

  of(head: Head): number {
    if (this.#header !== '') {
      const wish = wishOf(getField(head, this.#header))
      if (wish !== NONE) return wish
    }
    if (this.#cookie === null) return NONE
    const cookies = getField(head, 'cookie')
    return cookies === null ? NONE : wishOf(this.#cookie.exec(cookies)?.[1] ?? null)
  }
}

function wishOf(text: string | null): number {
  if (text === 'always') return ALWAYS
  return text === 'never' ? NEVER : NONE
}

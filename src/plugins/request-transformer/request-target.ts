/** request-target — the path, the query and the method that the target is asked with. */
import type { Exchange } from '../../contract/exchange.ts'
import type { ConfiguredValue } from '../../transform/configured-value.ts'
import type { Entry } from '../../transform/edits.ts'
import { editEntries, percent, readForm, rewriteForm } from '../../transform/form.ts'
import { queryOf } from '../../transform/request-names.ts'
import type { BodyRules } from './body-rules.ts'

/** Bytes of a form that may join the query. */
export const FORM_BYTES_MAX = 32 * 1024

/** What may not stand in a request-target as it is. */
const UNSENDABLE = /[^!$&'()*+,/:;=?@[\]\-_.~%0-9A-Za-z]/g

/** Null: the query stays as it came. `form` is a body whose fields join it; ''. */
export function editQuery(x: Exchange, form: string, rules: BodyRules): string | null {
  if (form === '' && rules.isEmpty) return null
  const entries = join(readForm(queryOf(x), null), readForm(form, null))
  return rewriteForm(editEntries(entries, rules.edits) ?? entries)
}

function join(query: Entry[], form: readonly Entry[]): Entry[] {
  return form.length === 0 ? query : [...query, ...form]
}

/** Puts path and query, each null where it stays, into what is sent. */
export function setTarget(x: Exchange, path: ConfiguredValue | null, query: string | null): void {
  // Also where the uri holds it: a plugin that gives another path, as canary does, takes the query from here.
  if (query !== null) x.upstreamQuery = query
  if (path !== null) {
    const sent = query ?? queryOf(x).replace(UNSENDABLE, percent)
    x.upstreamUri = withQuery(fitPath(path.text), sent)
  } else if (query !== null && x.upstreamUri !== '') {
    x.upstreamUri = withQuery(x.upstreamUri.split('?', 1)[0]!, query)
  }
}

function withQuery(path: string, query: string): string {
  if (query === '') return path
  return `${path}${path.includes('?') ? '&' : '?'}${query}`
}

/** A template may bring in anything that a client sends: it must stay one path on one line. */
function fitPath(text: string): string {
  const path = text.replace(UNSENDABLE, percent)
  return path.startsWith('/') ? path : `/${path}`
}

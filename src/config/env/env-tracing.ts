/** The variables about traces. */
import { type Kind, list, oneOf, Wrong } from './env-kinds.ts'
import { row } from './env-row.ts'

const share: Kind<number> = {
  says: 'a number from 0 to 1',
  read(given) {
    const value = /^(?:\d{1,3}(?:\.\d{0,15})?|\.\d{1,15})$/.test(given) ? Number(given) : Number.NaN
    return value >= 0 && value <= 1 ? value : new Wrong(`'${given}' is not a number from 0 to 1`)
  },
}

/** Kong's words. What asks a database, DNS or another server has no spans here: no request waits for them. */
const kinds = oneOf(
  'all',
  'request',
  'db_query',
  'dns_query',
  'router',
  'http_client',
  'balancer',
  'plugin_rewrite',
  'plugin_access',
  'plugin_header_filter',
)

export const tracing = {
  tracingInstrumentations: row(
    'TRACING_INSTRUMENTATIONS',
    list(kinds),
    'all',
    'Which steps have spans of their own, where a plugin traces; `off`: no request is traced, trace headers are still passed on.',
  ),
  tracingSamplingRate: row(
    'TRACING_SAMPLING_RATE OPENTELEMETRY_TRACING_SAMPLING_RATE',
    share,
    '0.01',
    'The share of requests that opentelemetry traces, where its configuration has no `sampling_rate`.',
  ),
}

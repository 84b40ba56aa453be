/** env-logs — where lines go, how they look, and how many there are; with Kong's ways of naming a format. */
import { bytes, logPlace, oneOf, streamLogPlace, text, Wrong } from './env-kinds.ts'
import { row } from './env-row.ts'

const levels = oneOf('debug', 'info', 'notice', 'warn', 'error', 'crit', 'alert', 'emerg')

/** nginx's directive without its first word, as Kong passes it on: `NAME [escape=json] 'text' …`. */
const nginxFormat = {
  says: "a name and a format in quotes: `show '$status'`",
  read: readNginxFormat,
}

interface NamedFormat {
  readonly name: string
  readonly text: string
}

export const logs = {
  logLevel: row(
    'LOG_LEVEL',
    levels,
    'notice',
    'The least important kind of line the operator log shows; `sluice log-level` changes it while the gateway runs.',
  ),
  proxyAccessLog: row(
    'PROXY_ACCESS_LOG',
    { says: 'a path, or `off`; the name of a format may stand behind it, as in Kong', read: logPlace.read },
    'off',
    'Where a line for each request goes.',
  ),
  accessLogFormat: row(
    'PROXY_ACCESS_LOG_FORMAT',
    text,
    '',
    "How that line looks: `kong`, `combined`, `json`, or a text with nginx's variables or Envoy's operators (docs/access-log.md).",
  ),
  nginxLogFormat: row(
    'NGINX_HTTP_LOG_FORMAT NGINX_PROXY_LOG_FORMAT',
    nginxFormat,
    '',
    'A format with a name, which PROXY_ACCESS_LOG may have behind its path.',
  ),
  streamAccessLog: row(
    'PROXY_STREAM_ACCESS_LOG',
    streamLogPlace,
    'off',
    'Where a line for each session of a stream route goes.',
  ),
  logRingBytes: row(
    'LOG_RING_BYTES',
    bytes,
    '4m',
    'Memory of each worker for access lines and records of log plugins that the log thread has not taken yet; at least 64k.',
  ),
  proxyErrorLog: row('PROXY_ERROR_LOG', logPlace, '/dev/stderr', 'Where the operator log goes.'),
}

function readNginxFormat(given: string): NamedFormat | Wrong {
  if (given === '') return { name: '', text: '' }
  const parts = /^(\S+)\s+(escape=\w+\s+)?(.+?);?$/s.exec(given)
  const texts = [...(parts?.[3] ?? '').matchAll(/\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*/gy)]
  const length = texts.reduce((sum, [all]) => sum + all.length, 0)
  if (parts === null || length !== parts[3]!.length)
    return new Wrong("not a name with a format in quotes behind it, such as: show '$status'")
  const joined = texts
    .map(([, single, double]) => (single ?? double ?? '').replace(/\\(['"\\])/g, '$1'))
    .join('')
  return { name: parts[1]!, text: `${parts[2] ?? ''}${joined}` }
}

/** Place and format of access lines as they stand in several variables; a text is what is wrong. */
export function settleAccessLog(
  given: string,
  format: string,
  named: NamedFormat,
): { readonly place: string; readonly format: string } | string {
  // nginx allows buffer= and flush= behind the name: lines are gathered here anyway.
  const [place = '', ...words] = given.split(/ +/)
  const [name = '', ...rest] = words.filter((word) => !/^(buffer|flush)=/.test(word))
  if (rest.length > 0) return `'${given}' is more than a path and the name of a format`
  if (name !== '' && format !== '')
    return `names the format '${name}', and PROXY_ACCESS_LOG_FORMAT is given too`
  const asked = name === '' ? format : name
  return { place, format: asked !== '' && asked === named.name ? named.text : asked }
}

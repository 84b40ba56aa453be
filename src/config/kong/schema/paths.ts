/** Paths of services and routes: what may stand in one, and its normal form. */
import { compileRegex } from '../../../flow/router/regex.ts'

const RESERVED = "!*'();:@&=+$,/?%#[]"
const OUTSIDE_RFC3986 = /[^\w.~:/?#[\]@!$&'()*+,;=%-]/
/** What a path that is no regular expression consists of; versions before 3.0 told the two apart by it. */
const NO_REGEX = /^[a-zA-Z0-9.\-_~/%]*$/

/** A service's path and other plain paths. */
export function pathRule(path: string): string | null {
  if (!path.startsWith('/')) return 'should start with: /'
  if (path.includes('//')) return 'must not have empty segments'
  if (OUTSIDE_RFC3986.test(path)) {
    return `invalid path: '${path}' (characters outside of the reserved list of RFC 3986 found)`
  }
  return urlEncodingRule(path)
}

/** A route's path: a prefix in normal form, or a regular expression after `~`. */
export function routePathRule(path: string): string | null {
  if (path.startsWith('~/')) return regexRule(path.slice(1))
  if (!path.startsWith('/')) return 'should start with: / (fixed path) or ~/ (regex path)'
  const wrong = urlEncodingRule(path)
  if (wrong !== null) return wrong
  const normal = normalPath(path)
  return normal === path ? null : `non-normalized path, consider use '${normal}' instead`
}

function urlEncodingRule(path: string): string | null {
  const broken = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(path)
  return broken === null ? null : `invalid url-encoded value: '${broken[0]}'`
}

/** Verdicts on patterns seen before: many routes share one, and each costs a tenth of a millisecond to compile. */
const verdicts = new Map<string, string | null>()
const VERDICTS_MAX = 10_000

/** The router's own engine decides, so that what loads also runs. */
function regexRule(source: string): string | null {
  const known = verdicts.get(source)
  if (known !== undefined) return known
  const verdict = compiledVerdict(source)
  if (verdicts.size >= VERDICTS_MAX) verdicts.clear()
  verdicts.set(source, verdict)
  return verdict
}

function compiledVerdict(source: string): string | null {
  try {
    compileRegex(source)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : `invalid regex: '${source}'`
  }
}

/** Decodes what need not be encoded, resolves dot segments and merges slashes, as the router does to requests. */
export function normalPath(path: string): string {
  const decoded = path.includes('%') ? path.replace(/(?:%[0-9a-fA-F]{2})+/g, decodeRun) : path
  if (!/\/\/|\/\./.test(decoded)) return decoded
  const out: string[] = []
  const segments = decoded.split('/').slice(1)
  segments.forEach((segment, i) => {
    const isLast = i === segments.length - 1
    if (segment === '..') out.pop()
    if (segment === '.' || segment === '..' || segment === '') {
      if (isLast) out.push('')
    } else out.push(segment)
  })
  return `/${out.join('/')}`
}

function decodeRun(run: string): string {
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  const kept = run.toUpperCase().replace(/%([0-9A-F]{2})/g, (triplet, hex: string) => {
    const char = String.fromCharCode(Number.parseInt(hex, 16))
    return RESERVED.includes(char) || char >= '\x80' ? triplet : char
  })
  return kept.replace(/(?:%[89A-F][0-9A-F])+/g, (bytes) => {
    try {
      return utf8.decode(Buffer.from(bytes.replaceAll('%', ''), 'hex'))
    } catch {
      // Bytes that are no UTF-8 have no other form in a text file.
      return bytes
    }
  })
}

/** A route path of format 1.1 or 2.1 in the terms of 3.0. */
export function migratedPath(path: string): string {
  return path.startsWith('/') && !NO_REGEX.test(path) ? `~${path}` : path
}

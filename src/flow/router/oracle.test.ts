/**
 * The router against its rules read out slowly: sort by precedence, ask one after the other, the first that
 * fits wins.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Asked, makeAsking, makeRouteInput } from '../../../test/kit/routing.ts'
import { buildRouter } from './build.ts'
import { explainRoutes } from './explain.ts'
import type { RouteMatch, RouterFlavor } from './route-input.ts'

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 2 })
const some = <T>(...values: T[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 })

const hostLists = some(
  'a.com',
  'B.a.com',
  'c.b.a.com',
  '*.a.com',
  '*.b.a.com',
  'a.*',
  'b.*',
  'a.com:80',
  '*.a.com:8080',
  'b.*:443',
)
const pathLists = some(
  '/',
  '/a',
  '/ab',
  '/a/b',
  '/abc',
  '/b',
  '~/a',
  '~/a/(b|c)',
  '~/[ab]+$',
  '~/(a|ab)+c',
  '~^/b',
  '~/ab?c*',
)
const headerMaps = fc.dictionary(fc.constantFrom('x', 'Y'), some('1', '2', 'A', '~*^1', '~*b$'), {
  minKeys: 1,
  maxKeys: 2,
})

const matches = fc.record({
  methods: maybe(some('GET', 'POST', 'PUT')),
  hosts: fc.oneof({ weight: 9, arbitrary: maybe(hostLists) }, { weight: 1, arbitrary: fc.constant([]) }),
  paths: maybe(pathLists),
  headers: maybe(headerMaps),
  snis: fc.option(some('a.com', 'b.com', '*.a.com'), { nil: null, freq: 5 }),
  regex_priority: fc.integer({ min: -1, max: 2 }),
  created_at: fc.integer({ min: 0, max: 2 }),
})

const askeds: fc.Arbitrary<Asked> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'get', 'PATCH'),
  host: fc.option(
    fc.constantFrom(
      'a.com',
      'A.COM:80',
      'a.com:8080',
      'b.a.com',
      'c.b.a.com',
      'x.b.a.com:8080',
      'b.x:443',
      'z',
      'xa.com',
    ),
    { nil: null, freq: 8 },
  ),
  path: fc.constantFrom(
    '/',
    '/a',
    '/ab',
    '/abc',
    '/a/b',
    '/a/c/d',
    '/b',
    '/abab',
    '/aabc',
    '/A',
    '/ab%C3%A9',
  ),
  headers: fc.array(fc.tuple(fc.constantFrom('X', 'y', 'Z'), fc.constantFrom('1', '2', 'a', '1b', 'b')), {
    maxLength: 3,
  }),
  scheme: fc.constantFrom('http' as const, 'https' as const),
  sni: fc.constantFrom('', 'a.com', 'A.com.', 'x.a.com', 'c.com'),
})

for (const flavor of ['traditional_compatible', 'traditional'] as const) {
  for (const [size, maxLength] of [
    ['few', 6],
    ['many', 80],
  ] as const) {
    test(`${flavor}: among ${size} routes the first in order of precedence that fits is found`, () => {
      const sets = fc.array(matches, { minLength: 1, maxLength, size: 'max' })
      fc.assert(
        fc.property(sets, fc.array(askeds, { minLength: 5, maxLength: 10 }), (list, asked) => {
          const routes = list.map((match, i) => makeRouteInput({ ...match, id: `r${(i * 7) % 100}` }))
          const router = buildRouter(routes, flavor)
          for (const one of asked) {
            const x = makeAsking(one)
            const found = router.find(x) ? `${x.route?.id} ${x.matchedLength}` : null
            assert.equal(
              found,
              slowly(
                routes.map(({ match }) => match),
                one,
                flavor,
              ),
            )
            const row = explainRoutes(routes, flavor, x).find((explained) => explained.matched)
            assert.equal(row?.route ?? null, x.route)
          }
        }),
        { numRuns: maxLength > 10 ? 50 : 150 },
      )
    })
  }
}

interface Candidate {
  match: RouteMatch
  path: string | null
  index: number
}

function slowly(routes: readonly RouteMatch[], asked: Asked, flavor: RouterFlavor): string | null {
  const all: Candidate[] = routes.flatMap((match) =>
    (match.paths ?? [null]).map((path, index) => ({ match, path, index })),
  )
  all.sort((a, b) => order(a, b, flavor))
  for (const { match, path } of all) {
    const length = pathLength(path, asked.path!)
    if (length !== null && fits(match, asked, flavor)) return `${match.id} ${length}`
  }
  return null
}

function order(a: Candidate, b: Candidate, flavor: RouterFlavor): number {
  const [left, right] = [weigh(a, flavor), weigh(b, flavor)]
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return right[i]! - left[i]!
  return (
    a.match.created_at - b.match.created_at ||
    (a.match.id < b.match.id ? -1 : 1) * Number(a.match.id !== b.match.id) ||
    a.index - b.index
  )
}

function weigh({ match, path }: Candidate, flavor: RouterFlavor): number[] {
  const regex = path?.startsWith('~') ?? false
  const length = regex || path === null ? 0 : path.length
  const headers = Object.keys(match.headers ?? {}).length
  const hosts = match.hosts ?? []
  const has = [hosts.length > 0, headers > 0, path !== null, match.methods !== null, match.snis !== null]
  const count = has.filter(Boolean).length
  const priority = regex ? match.regex_priority : 0
  const plain = hosts.every((host) => !host.includes('*'))
  if (flavor === 'traditional_compatible')
    return [count, Number(match.hosts !== null && plain), headers, Number(regex), priority, length]
  const category = has.reduce((sum, set, i) => sum + (set ? 64 >> i : 0), 0)
  const ported = hosts.some((host) => host.includes('*') && host.includes(':'))
  const weight = (ported ? 4 : 0) + (hosts.length > 0 && plain ? 2 : 0) + (regex ? 1 : 0)
  return [count, category, weight, headers, priority, length]
}

function pathLength(path: string | null, asked: string): number | null {
  if (path === null) return -1
  if (!path.startsWith('~')) return asked.startsWith(path) ? path.length : null
  return new RegExp(`^(?:${path.slice(1)})`).exec(asked)?.[0].length ?? null
}

function fits(match: RouteMatch, asked: Asked, flavor: RouterFlavor): boolean {
  if (match.methods !== null && !match.methods.includes(asked.method!)) return false
  if (match.hosts?.length && !match.hosts.some((host) => hostFits(host.toLowerCase(), asked))) return false
  for (const [name, values] of Object.entries(match.headers ?? {})) {
    const sent = asked.headers!.filter(([other]) => other.toLowerCase() === name.toLowerCase())
    const regexes = flavor === 'traditional_compatible' || values.length === 1
    const fit = ([, value]: readonly [string, string]) =>
      values.some((wanted) =>
        wanted.startsWith('~*') && regexes
          ? new RegExp(wanted.slice(2)).test(value.toLowerCase())
          : wanted.toLowerCase() === value.toLowerCase(),
      )
    if (!sent.some(fit)) return false
  }
  if (match.snis === null || asked.scheme === 'http') return true
  const sni = asked.sni!.toLowerCase().replace(/\.$/, '')
  return match.snis.some((one) => (one.startsWith('*') ? sni.endsWith(one.slice(1)) : sni === one))
}

function hostFits(pattern: string, { host, scheme }: Asked): boolean {
  if (host === null || host === undefined) return false
  const [name, port] = host.toLowerCase().split(':')
  const [wanted, wantedPort] = pattern.split(':')
  if (wantedPort !== undefined && wantedPort !== (port ?? (scheme === 'https' ? '443' : '80'))) return false
  if (wanted!.startsWith('*')) return name!.endsWith(wanted!.slice(1))
  return wanted!.endsWith('*') ? name!.startsWith(wanted!.slice(0, -1)) : name === wanted
}

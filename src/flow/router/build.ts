/** Compiles routes into a router. Cold: once a configuration, in each worker. */
import type { Router } from '../../contract/plan.ts'
import { Check, HeaderCheck, SniCheck } from './check.ts'
import { literalPrefix } from './pattern/literal-prefix.ts'
import { buildPicker, LIST_MAX, type Picker } from './picker.ts'
import { compileRegex, type Regex } from './regex.ts'
import type { RouteInput, RouterFlavor } from './route-input.ts'
import { isSet, rankSubRoutes, type SubRoute } from './sub-route.ts'
import { HostIndex } from './tables/host-index.ts'
import { HostKeys } from './tables/host-keys.ts'
import { MethodSet } from './tables/method-set.ts'
import { buildTrie, type Entry } from './tables/path-trie.ts'
import { TrieRouter } from './trie-router.ts'

/** Throws an Error that names the route when one of its patterns is bad. */
export function buildRouter(routes: readonly RouteInput[], flavor: RouterFlavor): Router {
  const ranked = rankSubRoutes(routes, flavor)
  const methods = new MethodSet(namedMethods(ranked))
  const makeCheck = checkMaker(flavor, methods)
  const checks = ranked.map(makeCheck)
  const traits = ranked.map((sub, rank) => ({ methods: sub.input.match.methods, check: checks[rank]! }))
  const keys = new HostKeys()
  const buckets = fillBuckets(ranked, keys)
  const pickers: Picker[] = []
  const trie = buildTrie(buckets, (ranks) => pickers.push(buildPicker(ranks, traits)) - 1, LIST_MAX)
  return new TrieRouter({
    hosts: new HostIndex(keys),
    methods,
    trie,
    pickers,
    routes: ranked.map((sub) => sub.input.route),
    masks: new Int32Array(ranked.map((sub) => methods.makeMask(sub.input.match.methods))),
    lengths: new Int32Array(ranked.map((sub) => (sub.path === null ? -1 : sub.path.length))),
    checks,
  })
}

function namedMethods(ranked: readonly SubRoute[]): Set<string> {
  const named = new Set<string>()
  for (const sub of ranked) for (const method of sub.input.match.methods ?? []) named.add(method)
  return named
}

function fillBuckets(ranked: readonly SubRoute[], keys: HostKeys): Entry[][] {
  const buckets: Entry[][] = [[]]
  for (let rank = 0; rank < ranked.length; rank++) {
    const entry = { prefix: prefixOf(ranked[rank]!), rank }
    for (const bucket of keys.bucketsOf(ranked[rank]!)) {
      while (buckets.length <= bucket) buckets.push([])
      buckets[bucket]!.push(entry)
    }
  }
  return buckets
}

function prefixOf(sub: SubRoute): string {
  if (sub.path === null) return ''
  return sub.isRegex ? Buffer.from(literalPrefix(sub.path)).toString('latin1') : sub.path
}

/** What makes a sub-route's check; null where host, prefix and method bits say all. Same patterns are compiled once. */
export function checkMaker(flavor: RouterFlavor, methods: MethodSet): (sub: SubRoute) => Check | null {
  const compiled = new Map<string, Regex>()
  const compile = (source: string, sub: SubRoute): Regex => {
    const known = compiled.get(source)
    if (known !== undefined) return known
    try {
      const regex = compileRegex(source)
      compiled.set(source, regex)
      return regex
    } catch (cause) {
      const { id, name } = sub.input.route
      throw new Error(`route ${name ?? id}: ${(cause as Error).message}`, { cause })
    }
  }
  return (sub) => {
    const { headers, snis } = sub.input.match
    const listed = methods.makeList(sub.input.match.methods)
    const regex = sub.isRegex ? compile(sub.path ?? '', sub) : null
    const headerChecks = Object.entries(headers ?? {}).map(([name, values]) =>
      makeHeaderCheck(name, values, flavor, (source) => compile(source, sub)),
    )
    if (headerChecks.length === 0 && !isSet(snis) && regex === null && listed === null) return null
    return new Check(headerChecks, isSet(snis) ? new SniCheck(snis) : null, regex, listed)
  }
}

function makeHeaderCheck(
  name: string,
  values: readonly string[],
  flavor: RouterFlavor,
  compile: (source: string) => Regex,
): HeaderCheck {
  const isPattern = (value: string) =>
    value.startsWith('~*') && (flavor === 'traditional_compatible' || values.length === 1)
  return new HeaderCheck(
    name.toLowerCase(),
    values.filter((value) => !isPattern(value)).map(foldValue),
    values.filter(isPattern).map((value) => compile(value.slice(2))),
  )
}

/** As the bytes of a request's value are folded: ASCII only. */
function foldValue(value: string): string {
  const folded = value.replace(/[A-Z]+/g, (run) => run.toLowerCase())
  return Buffer.from(folded).toString('latin1')
}

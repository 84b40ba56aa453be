/**
 * router — what it costs to find a route among 10 to 100,000.
 *
 *     node dist/bench/micro/router.bench.js
 *
 * Bar: at most 1 µs a match whatever the number of routes, nothing allocated, 100,000 routes built within a second;
 * the notes tell what the building took. Ratios are to the smallest table: what they say is how the cost grows.
 *
 * The groups named "table" are of the 10,000 routes of bench/load/route-table.ts, beside find-my-way, which is
 * fastify's router, by its tree and compiled to code. It is handed a path that already is a string and looks at
 * method and path; it also splits off a query, and answers a new object with handler and parameters. Ours is handed
 * bytes that are normalised already ("and normalise" has that too), and looks at scheme, method and host as well.
 * Each finds its own kind of route for the same request: what is a prefix here ends in a wildcard there.
 */
import type { Exchange } from '../../src/contract/exchange.ts'
import type { Router } from '../../src/contract/plan.ts'
import { buildRouter } from '../../src/flow/router/build.ts'
import type { RouteInput } from '../../src/flow/router/route-input.ts'
import { normalizePath } from '../../src/http1/uri.ts'
import { makeAsking, makeRouteInput } from '../../test/kit/routing.ts'
import { routeTable } from '../load/route-table.ts'
import type { Bench, Case, Group } from './frame/bench.ts'
import { runAlone } from './frame/run.ts'
import { openFindMyWay } from './peers/find-my-way.ts'

const SIZES = [10, 1_000, 10_000, 100_000]
const SIZES_QUICK = [10, 100]
const TABLE_QUICK = 500
const ASKED = 1_000
/** A prime, so that neighbours in the tables are not neighbours in time. */
const STRIDE = 7919
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

interface Shape {
  readonly name: string
  route(i: number): RouteInput
  ask(i: number): Exchange
}

const shapes: readonly Shape[] = [
  {
    name: 'prefixes',
    route: (i) => makeRouteInput({ id: `r${i}`, paths: [`/api/v${i % 7}/team-${i}/things`] }),
    ask: (i) => makeAsking({ path: `/api/v${i % 7}/team-${i}/things/42` }),
  },
  {
    name: 'hosts and paths',
    route: (i) => makeRouteInput({ id: `r${i}`, hosts: [`h${i >> 2}.example.com`], paths: [`/p${i & 3}`] }),
    ask: (i) => makeAsking({ host: `H${i >> 2}.example.com:8000`, path: `/p${i & 3}/x/y` }),
  },
  {
    name: 'wildcard hosts',
    route: (i) => makeRouteInput({ id: `r${i}`, hosts: [`*.h${i}.example.com`], paths: ['/'] }),
    ask: (i) => makeAsking({ host: `www.h${i}.example.com`, path: '/index.html' }),
  },
  {
    name: 'mixed methods',
    route: (i) => {
      const resource = Math.floor(i / 5)
      return makeRouteInput({ id: `r${i}`, methods: [METHODS[i % 5]!], paths: [`/shop/item-${resource}/`] })
    },
    ask: (i) => makeAsking({ method: METHODS[i % 5]!, path: `/shop/item-${Math.floor(i / 5)}/photo` }),
  },
  {
    name: 'one path, by header',
    route: (i) => makeRouteInput({ id: `r${i}`, paths: ['/'], headers: { 'x-tenant': [`tenant-${i}`] } }),
    ask: (i) =>
      makeAsking({
        headers: [
          ['Accept', '*/*'],
          ['X-Tenant', `tenant-${i}`],
        ],
      }),
  },
  {
    name: 'regex (V8)',
    route: (i) => makeRouteInput({ id: `r${i}`, paths: [`~/users-${i}/\\d+/photo$`] }),
    ask: (i) => makeAsking({ path: `/users-${i}/123456/photo` }),
  },
  {
    name: 'regex (RE2)',
    route: (i) => makeRouteInput({ id: `r${i}`, paths: [`~/users-${i}/(?:[a-z]+/)+photo$`] }),
    ask: (i) => makeAsking({ path: `/users-${i}/a/b/photo` }),
  },
]

/** How the same request is written for both, by the path of a route of the table. */
interface Kind {
  readonly name: string
  readonly isFound: boolean
  ours(path: string): string
  theirs(path: string): string
  asked(path: string): string
}

const kinds: readonly Kind[] = [
  {
    name: 'static',
    isFound: true,
    ours: (path) => path,
    theirs: (path) => path,
    asked: (path) => path,
  },
  {
    name: 'prefix',
    isFound: true,
    ours: (path) => path,
    theirs: (path) => `${path}/*`,
    asked: (path) => `${path}/items`,
  },
  {
    name: 'parametric',
    isFound: true,
    ours: (path) => `~${path}/(?<item>[^/]+)$`,
    theirs: (path) => `${path}/:item`,
    asked: (path) => `${path}/8f14e45f`,
  },
  {
    name: 'miss',
    isFound: false,
    ours: (path) => path,
    theirs: (path) => path,
    asked: (path) => path.replace('resource', 'resort'),
  },
]

export const bench: Bench = {
  name: 'router',
  says: 'finds the route of a request among 10 to 100,000',
  groups: [...kinds.map(tableGroup), ...shapes.map(shapeGroup), buildGroup()],
}

function shapeGroup(shape: Shape): Group {
  return {
    name: shape.name,
    open: (quick) => (quick ? SIZES_QUICK : SIZES).map((size) => sizeCase(shape, size)),
  }
}

function sizeCase(shape: Shape, size: number): Case {
  const routes = Array.from({ length: size }, (_, i) => shape.route(i))
  const begun = process.cpuUsage()
  const router = buildRouter(routes, 'traditional_compatible')
  const { user, system } = process.cpuUsage(begun)
  const asked = Array.from({ length: ASKED }, (_, i) => shape.ask((i * STRIDE) % size))
  const note = `built in ${((user + system) / 1000).toFixed(1)} ms of CPU`
  return { ...findCase(`${size.toLocaleString('en')} routes`, router, asked, true), note }
}

function findCase(name: string, router: Router, asked: readonly Exchange[], isFound: boolean): Case {
  for (const x of asked)
    if (router.find(x) !== isFound) throw new Error(`${name}: a route is ${isFound ? 'missing' : 'too many'}`)
  const run = (times: number): number => {
    let found = 0
    for (let i = 0; i < times; i++) if (router.find(asked[i % ASKED]!)) found++
    return found
  }
  return { name, run }
}

function tableGroup(kind: Kind): Group {
  return {
    name: `table, ${kind.name}`,
    open: (quick) => {
      const paths = tablePaths(quick)
      const asked = Array.from({ length: ASKED }, (_, i) => kind.asked(paths[(i * STRIDE) % paths.length]!))
      const router = buildRouter(oursOf(kind, paths), 'traditional_compatible')
      const exchanges = asked.map((path) => makeAsking({ path }))
      const theirs = paths.map((path) => kind.theirs(path))
      return [
        findCase('sluice', router, exchanges, kind.isFound),
        normalizeCase(router, exchanges),
        openFindMyWay({ routes: theirs, asked, isFound: kind.isFound, compiled: false }),
        openFindMyWay({ routes: theirs, asked, isFound: kind.isFound, compiled: true }),
      ]
    },
  }
}

function tablePaths(quick: boolean): string[] {
  const paths = routeTable().map((route) => route.path)
  return quick ? paths.slice(0, TABLE_QUICK) : paths
}

function oursOf(kind: Kind, paths: readonly string[]): RouteInput[] {
  return paths.map((path, i) => makeRouteInput({ id: `r${i}`, paths: [kind.ours(path)] }))
}

function normalizeCase(router: Router, asked: readonly Exchange[]): Case {
  const run = (times: number): number => {
    let found = 0
    for (let i = 0; i < times; i++) {
      const x = asked[i % ASKED]!
      x.pathEnd = normalizePath(x.request.bytes, x.request.pathStart, x.request.pathEnd, x.pathBytes)
      if (router.find(x)) found++
    }
    return found
  }
  return { name: 'sluice, and normalise', run }
}

/** The whole table: an operation is all its routes. */
function buildGroup(): Group {
  const prefix = kinds.find((kind) => kind.name === 'prefix')!
  return {
    name: 'table, built',
    open: (quick) => {
      const paths = tablePaths(quick)
      const routes = oursOf(prefix, paths)
      const theirs = paths.map((path) => prefix.theirs(path))
      const build = (times: number): number => {
        let built = 0
        for (let i = 0; i < times; i++)
          if (buildRouter(routes, 'traditional_compatible') !== undefined) built++
        return built
      }
      const peer = openFindMyWay({ routes: theirs, asked: [], isFound: true, compiled: false })
      return [
        { name: 'sluice', run: build },
        { ...peer, run: peer.build },
      ]
    },
  }
}

await runAlone(bench, import.meta.url)

/**
 * router — what it costs to find a route among 10 to 100,000: CPU ns and heap bytes a match, and CPU ms to build.
 *
 * Bar: at most 1 µs a match whatever the number of routes, nothing allocated, 100,000 routes built within a second.
 * Run with `node --expose-gc --max-semi-space-size=64 <this file, compiled>`; without --expose-gc bytes are not told.
 */

import type { Exchange } from '../../src/contract/exchange.ts'
import { buildRouter } from '../../src/flow/router/build.ts'
import type { RouteInput } from '../../src/flow/router/route-input.ts'
import { makeAsking, makeRouteInput } from '../../test/kit/routing.ts'

const SIZES = [10, 1_000, 10_000, 100_000]
const ASKED = 1_000
const ROUNDS = 500
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

interface Shape {
  readonly name: string
  route(i: number): RouteInput
  ask(i: number): Exchange
}

const shapes: Shape[] = [
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

console.log('shape                   routes   build ms   ns/match   bytes/match')
for (const shape of shapes) for (const size of SIZES) measure(shape, size)

function measure(shape: Shape, size: number): void {
  const routes = Array.from({ length: size }, (_, i) => shape.route(i))
  const begun = cpuMs()
  const router = buildRouter(routes, 'traditional_compatible')
  const buildMs = cpuMs() - begun
  // Strides by a prime, so that neighbours in the tables are not neighbours in time.
  const asked = Array.from({ length: ASKED }, (_, i) => shape.ask((i * 7919) % size))
  for (const x of asked) if (!router.find(x)) throw new Error(`${shape.name}: no route found`)
  const round = () => {
    for (let i = 0; i < asked.length; i++) router.find(asked[i]!)
  }
  const rounds = shape.name.includes('RE2') ? ROUNDS / 50 : ROUNDS
  for (let i = 0; i < rounds / 5; i++) round()
  globalThis.gc?.()
  const heap = process.memoryUsage().heapUsed
  const start = cpuMs()
  for (let i = 0; i < rounds; i++) round()
  const ns = ((cpuMs() - start) * 1e6) / (rounds * asked.length)
  const bytes = (process.memoryUsage().heapUsed - heap) / (rounds * asked.length)
  const told = globalThis.gc === undefined ? 'n/a' : Math.max(0, bytes).toFixed(1)
  const cells = [
    String(size).padStart(8),
    buildMs.toFixed(1).padStart(11),
    ns.toFixed(0).padStart(11),
    told.padStart(14),
  ]
  console.log(shape.name.padEnd(22) + cells.join(''))
}

/** Of the whole process, so that a busy neighbour is not counted; the collector's threads are. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

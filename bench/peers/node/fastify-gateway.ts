/**
 * @fastify/http-proxy. Its README: undici is the client that it is fastest with, and cacheURLs is the number of parsed
 * URLs that are kept. Fastify's: a logger costs, and is off unless asked for.
 */
import proxy from '@fastify/http-proxy'
import Fastify from 'fastify'
import { routeTable } from '../../load/route-table.ts'
import { inEachWorker, listen, origin, POOL_SIZE, work } from './gateway-process.ts'

/** Two methods of all: each is a route of its own, and 70,000 of them take seconds to start. */
const table = { routes: routeTable().map(({ path }) => `${path}/*`), httpMethods: ['GET', 'POST'] }

inEachWorker(async () => {
  const fastify = Fastify({ exposeHeadRoutes: false })
  await fastify.register(proxy, {
    upstream: origin,
    undici: { connections: POOL_SIZE, pipelining: 1, keepAliveTimeout: 60_000 },
    cacheURLs: 2000,
    ...(work === 'routes' ? table : {}),
  })
  await fastify.ready()
  listen(fastify.server)
})

/** What a program of this folder is told, `PORT ORIGIN_PORT WORKERS WORK`, and how it becomes so many processes. */
import cluster from 'node:cluster'
import type { Server } from 'node:http'

const [ownPort = 0, originPort = 0, workers = 1] = process.argv.slice(2, 5).map(Number)

export const port = ownPort
export const origin = `http://127.0.0.1:${originPort}`
export const work = process.argv[5] ?? 'plain'

/** Of connections to the origin, kept. */
export const POOL_SIZE = 1024

/** Node's documentation, cluster: a process for each core. The first one carries no traffic where there are several. */
export function inEachWorker(start: () => void): void {
  if (workers === 1 || cluster.isWorker) return start()
  for (let i = 0; i < workers; i++) cluster.fork()
}

/** Node's documentation, http: its timeouts would end connections between two rounds of a comparison. */
export function listen(server: Server): void {
  server.keepAliveTimeout = 300_000
  server.requestTimeout = 0
  server.listen({ port, host: '127.0.0.1', backlog: 4096 })
}

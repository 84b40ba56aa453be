/** The proxies that people write in Node: each a program of its own in this folder. */
import { fileURLToPath } from 'node:url'
import { type Scenario, whyNotClear } from '../../load/scenario.ts'
import { packageVersion } from '../installed.ts'
import type { Peer } from '../peer.ts'

export const httpProxy = nodePeer('http-proxy', 'http-proxy', 'http-proxy-gateway', false)
export const fastifyHttpProxy = nodePeer('fastify-http-proxy', '@fastify/http-proxy', 'fastify-gateway', true)
export const undici = nodePeer('undici', 'undici', 'undici-gateway', false)

function nodePeer(name: string, npm: string, program: string, hasRouter: boolean): Peer {
  return {
    name,
    install: `npm install ${npm}`,
    isNode: true,
    version: async () => packageVersion(npm),
    cannot: (scenario: Scenario) => {
      const { work } = scenario
      if (work === 'guarded') return 'it brings no keys, limits, ids, access log or metrics'
      return work === 'routes' && !hasRouter ? 'it has no router' : whyNotClear(scenario)
    },
    launch: ({ port, originPort, workers }, { work }) => ({
      command: [process.execPath, fileOf(program), ...[port, originPort, workers].map(String), work],
      env: {},
    }),
  }
}

/** Beside this file, with the same ending. */
function fileOf(program: string): string {
  return fileURLToPath(import.meta.url).replace(/node-peers(\.\w+)$/, `${program}$1`)
}

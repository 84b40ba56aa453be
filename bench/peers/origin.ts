/** origin — who answers behind the gateways: nginx where it can, our own program where it is missing or cannot. */
import { fileURLToPath } from 'node:url'
import type { Scenario } from '../load/scenario.ts'
import { findProgram } from './installed.ts'
import { nginxOrigin } from './nginx/nginx-origin.ts'
import type { Peer } from './peer.ts'

/** The program stands beside this file, with the same ending. */
const program = fileURLToPath(import.meta.url).replace(/origin(\.\w+)$/, 'origin/raw-origin$1')

export const rawOrigin: Peer = {
  name: 'raw-origin',
  install: '',
  isNode: true,
  version: async () => process.version,
  cannot: () => '',
  launch: ({ port }, { answer }) => {
    const every = answer.slowShare > 0 ? Math.round(1 / answer.slowShare) : 0
    const words = [port, answer.bytes, every, answer.slowMs].map(String)
    return { command: [process.execPath, program, ...words], env: {} }
  },
}

export function originFor(scenario: Scenario): Peer {
  const canNginx = findProgram('nginx') !== null && nginxOrigin.cannot(scenario) === ''
  return canNginx ? nginxOrigin : rawOrigin
}

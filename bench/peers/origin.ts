/** origin — who answers behind the gateways: nginx where it can, our own program where it is missing or cannot. */
import { fileURLToPath } from 'node:url'
import type { Scenario } from '../load/scenario.ts'
import { findProgram } from './installed.ts'
import { nginxOrigin } from './nginx/nginx-origin.ts'
import type { Peer } from './peer.ts'

/** The programs stand beside this file, with the same ending. */
const [program, echo] = ['raw-origin', 'echo-origin'].map((name) =>
  fileURLToPath(import.meta.url).replace(/origin(\.\w+)$/, `origin/${name}$1`),
) as [string, string] // one for each name

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

export const echoOrigin: Peer = {
  name: 'echo-origin',
  install: '',
  isNode: true,
  version: async () => process.version,
  cannot: ({ protocol }) => (protocol === 'websocket' ? '' : 'it knows WebSockets only'),
  launch: ({ port }) => ({ command: [process.execPath, echo, String(port)], env: {} }),
}

export function originFor(scenario: Scenario): Peer {
  if (scenario.protocol === 'websocket') return echoOrigin
  const canNginx = findProgram('nginx') !== null && nginxOrigin.cannot(scenario) === ''
  return canNginx ? nginxOrigin : rawOrigin
}

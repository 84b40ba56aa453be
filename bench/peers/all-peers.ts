/** Who may take part in a comparison. */
import { envoy } from './envoy.ts'
import { haproxy } from './haproxy.ts'
import { kong } from './kong.ts'
import { nginx } from './nginx/nginx-proxy.ts'
import { fastifyHttpProxy, httpProxy, undici } from './node/node-peers.ts'
import type { Peer } from './peer.ts'
import { sluices } from './sluice.ts'

export const peers: readonly Peer[] = [
  nginx,
  haproxy,
  envoy,
  kong,
  httpProxy,
  fastifyHttpProxy,
  undici,
  ...sluices,
]

/** Throws where there is none of that name. */
export function peerOf(name: string): Peer {
  const found = peers.find((peer) => peer.name === name)
  if (found !== undefined) return found
  throw new Error(`no peer is named ${name}; there are ${peers.map((peer) => peer.name).join(', ')}`)
}

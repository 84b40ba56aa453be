/** How many connections the limits of a machine allow to one listener, and from which addresses they have to come. */
import { filesNeeded } from '../../src/config/env/env-read.ts'

/** Descriptors of the measuring program that are no connections. */
const OWN_FILES = 64
/** Of a range of ports some are in use for other things, or still waited for. */
const USABLE = 0.8
const ADDRESSES_A_NET = 250

/** Client and gateway are two processes under one limit; 0 is one that nobody knows. */
export function fittingConnections(filesMax: number, workers: number): number {
  if (filesMax === 0) return Number.MAX_SAFE_INTEGER
  // Each worker is allowed all of them, since nobody knows who takes which; and one is the probe's.
  const forOne = filesNeeded({ workers, connectionsMax: 1 })
  const each = filesNeeded({ workers, connectionsMax: 2 }) - forOne
  const ofGateway = Math.floor((filesMax - forOne) / each)
  return Math.max(0, Math.min(filesMax - OWN_FILES, ofGateway))
}

/**
 * From one address to a listener there are no more connections than ports. None comes from 127.0.0.1: ports that are
 * taken there, and for a minute after, are missing to whoever looks for a free one.
 */
export function sourcesFor(connections: number, [first, last]: readonly [number, number]): string[] {
  const each = Math.max(1, Math.floor((last - first + 1) * USABLE))
  const count = Math.max(1, Math.ceil(connections / each))
  return Array.from(
    { length: count },
    (_, i) => `127.0.${Math.floor(i / ADDRESSES_A_NET) + 1}.${(i % ADDRESSES_A_NET) + 1}`,
  )
}

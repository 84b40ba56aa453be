/** Opens a socket to a target, reading into the worker's buffer. */
import net from 'node:net'
import tls from 'node:tls'
import type { Address } from '../../contract/target.ts'

export function openSocket(address: Address, onread: net.OnReadOpts): net.Socket {
  const where = {
    host: address.ip,
    port: address.port,
    onread,
    noDelay: true,
    allowHalfOpen: true,
    autoSelectFamily: false,
  }
  if (address.tls === null) return net.connect(where)
  const { servername, verify } = address.tls
  const named = net.isIP(servername) === 0 ? { servername } : {}
  return tls.connect({ ...where, ...named, rejectUnauthorized: verify, ALPNProtocols: ['http/1.1'] })
}

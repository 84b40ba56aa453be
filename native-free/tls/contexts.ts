/**
 * contexts — one OpenSSL context for each certificate, made when a configuration comes and never at a handshake.
 *
 * Handshakes begin in the front context, which holds the fallback certificate; a name that has a certificate of its own
 * is then moved to that one's context. Contexts of certificates that did not change are kept, and get new ticket keys.
 */
import { createHash, createHmac, constants as crypto } from 'node:crypto'
import { Duplex } from 'node:stream'
import { createSecureContext, type SecureContext, type SecureContextOptions, TLSSocket } from 'node:tls'
import { faults, GatewayError } from '../../src/base/faults.ts'
import type { ServerCertificate, ServerTls, TlsPolicy } from '../../src/contract/tls.ts'
import { SniTable } from './sni-table.ts'

export interface TlsContexts {
  readonly front: SecureContext
  readonly names: SniTable<SecureContext>
  readonly asksForCertificates: boolean
  /** By what they were made of, for the next configuration. */
  readonly made: ReadonlyMap<string, SecureContext>
}

/** Throws GatewayError CONFIG_INVALID, naming the certificate that OpenSSL does not take. */
export function buildContexts(tls: ServerTls, before: TlsContexts | null): TlsContexts {
  const made = new Map<string, SecureContext>()
  const byName = new Map<string, SecureContext>()
  for (const [name, certificate] of tls.snis) {
    const content = contentOf(certificate)
    const context =
      made.get(content) ?? before?.made.get(content) ?? makeNamedContext(certificate, name, tls.policy)
    made.set(content, context)
    byName.set(name, context)
  }
  const front = makeContext(tls.fallback, '', {
    ...optionsOf(tls.policy),
    sessionTimeout: Math.max(1, Math.round(tls.policy.sessionTimeoutMs / 1000)),
  })
  useTicketKeys([front, ...made.values()], ticketKeysFor(tls))
  return { front, names: new SniTable(byName), asksForCertificates: tls.asksForCertificates, made }
}

function makeNamedContext(certificate: ServerCertificate, name: string, policy: TlsPolicy): SecureContext {
  const context = makeContext(certificate, name, optionsOf(policy))
  letAlpnChoose(context)
  return context
}

/**
 * Node puts its choice of a protocol on the context that a socket begins in, and OpenSSL asks the one that the
 * handshake has been moved to: so a socket that nobody uses begins in each of them. What may be agreed on is the real
 * socket's.
 */
function letAlpnChoose(context: SecureContext): void {
  const unused = new Duplex({ read() {}, write() {} })
  new TLSSocket(unused, { isServer: true, secureContext: context, ALPNProtocols: ['http/1.1'] }).destroy()
}

/** Tickets are made with the keys of the context that a name has chosen, and read with those of the front. */
function useTicketKeys(contexts: readonly SecureContext[], keys: Buffer): void {
  for (const { context } of contexts) {
    const native: { setTicketKeys(keys: Buffer): void } = context // typed as anything at all
    native.setTicketKeys(keys)
  }
}

function optionsOf(policy: TlsPolicy): SecureContextOptions {
  let flags = crypto.SSL_OP_NO_RENEGOTIATION | crypto.SSL_OP_NO_COMPRESSION
  // A client that puts ChaCha20 first has no AES in hardware, and knows better.
  if (policy.prefersOwnOrder)
    flags |= crypto.SSL_OP_CIPHER_SERVER_PREFERENCE | crypto.SSL_OP_PRIORITIZE_CHACHA
  if (!policy.resumes) flags |= crypto.SSL_OP_NO_TICKET
  return {
    minVersion: policy.versionMin,
    maxVersion: policy.versionMax,
    ciphers: policy.ciphers,
    honorCipherOrder: policy.prefersOwnOrder,
    secureOptions: flags,
    // The same in all contexts: whoever comes back is looked at before its name has chosen one.
    sessionIdContext: 'sluice',
  }
}

function makeContext(
  certificate: ServerCertificate,
  name: string,
  options: SecureContextOptions,
): SecureContext {
  try {
    return createSecureContext({
      ...options,
      cert: certificate.pairs.map((pair) => pair.cert),
      key: certificate.pairs.map((pair) => pair.key),
    })
  } catch (cause) {
    throw new GatewayError(faults.CONFIG_INVALID, `${whatOf(certificate, name)}: ${reasonOf(cause)}`, cause)
  }
}

function whatOf(certificate: ServerCertificate, name: string): string {
  return certificate.id === '' ? 'SSL_CERT' : `certificate ${certificate.id} (sni ${name})`
}

/** OpenSSL's own words end an error's text: `error:0A00018F:SSL routines::ee key too small`. */
function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause)
  return text.replace(/^error:[0-9A-F]+:/i, '')
}

function contentOf(certificate: ServerCertificate): string {
  const hash = createHash('sha256')
  for (const { cert, key } of certificate.pairs) hash.update(cert).update('\0').update(key).update('\0')
  return hash.digest('base64')
}

/**
 * A ticket is taken only under the certificates it was given under: nobody who comes back is served as if by one that
 * has been replaced, or unasked where certificates are asked for now. So what is served goes into the keys.
 */
function ticketKeysFor(tls: ServerTls): Buffer {
  const hmac = createHmac('sha384', tls.ticketKeys)
  for (const name of [...tls.snis.keys()].sort()) hmac.update(`${name}\0${contentOf(tls.snis.get(name)!)}\0`)
  return hmac.update(`${contentOf(tls.fallback)}\0${tls.asksForCertificates}`).digest()
}

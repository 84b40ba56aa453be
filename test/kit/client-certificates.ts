/** Certificates for clients, good and odd, by @peculiar/x509: what certificates.ts makes none of. */
import '../../src/boot/tls/reflect-metadata.ts'
import { webcrypto, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'

// Declared twice, once for browsers, whose types are not ours.
x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0])

const DAY_MS = 86_400_000
const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'

/** From here, since what they come with wants its polyfill first. */
export const { Extension, KeyUsageFlags } = x509

export interface Made {
  readonly name: string
  readonly der: Buffer
  readonly pem: string
  /** PKCS #8, in PEM. */
  readonly key: string
  readonly keys: webcrypto.CryptoKeyPair
}

export interface Wish {
  /** As RFC 4514 writes it; `CN=` and the name if not told. */
  readonly subject?: string
  /** Whoever signs; itself if not told. */
  readonly by?: Made
  readonly isAuthority?: boolean
  readonly pathLength?: number
  /** Days from now. */
  readonly from?: number
  readonly to?: number
  readonly usage?: x509.KeyUsageFlags
  readonly extendedUsage?: readonly string[]
  readonly altNames?: readonly { type: 'dns' | 'email' | 'url'; value: string }[]
  readonly others?: readonly x509.Extension[]
  readonly rsaBits?: number
  readonly hash?: string
}

export async function make(name: string, wish: Wish = {}): Promise<Made> {
  const algorithm = wish.rsaBits === undefined ? { ...EC, hash: wish.hash ?? EC.hash } : rsa(wish)
  // The overloads know one kind of key each.
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair
  const subject = wish.subject ?? `CN=${name}`
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: '01',
    subject,
    issuer: wish.by === undefined ? subject : new x509.X509Certificate(wish.by.pem).subject,
    notBefore: new Date(Date.now() + (wish.from ?? -1) * DAY_MS),
    notAfter: new Date(Date.now() + (wish.to ?? 30) * DAY_MS),
    publicKey: keys.publicKey,
    signingKey: (wish.by?.keys ?? keys).privateKey,
    signingAlgorithm: {
      ...(wish.by === undefined ? algorithm : algorithmOf(wish.by)),
      hash: wish.hash ?? EC.hash,
    },
    extensions: extensionsOf(wish),
  })
  const pem = `${cert.toString('pem')}\n`
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}/g, '$&\n').trimEnd()}\n-----END PRIVATE KEY-----\n`
  return { name, der: new X509Certificate(pem).raw, pem, key, keys }
}

function rsa(wish: Wish) {
  return {
    name: 'RSASSA-PKCS1-v1_5',
    hash: wish.hash ?? 'SHA-256',
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: wish.rsaBits ?? 2048,
  }
}

function algorithmOf(made: Made) {
  return made.keys.privateKey.algorithm.name === EC.name ? EC : { name: 'RSASSA-PKCS1-v1_5' }
}

function extensionsOf(wish: Wish): x509.Extension[] {
  const extensions = [...(wish.others ?? [])]
  if (wish.isAuthority !== undefined || wish.pathLength !== undefined)
    extensions.push(new x509.BasicConstraintsExtension(wish.isAuthority ?? true, wish.pathLength, true))
  if (wish.usage !== undefined) extensions.push(new x509.KeyUsagesExtension(wish.usage, true))
  if (wish.extendedUsage !== undefined)
    extensions.push(new x509.ExtendedKeyUsageExtension([...wish.extendedUsage]))
  if (wish.altNames !== undefined)
    extensions.push(new x509.SubjectAlternativeNameExtension([...wish.altNames]))
  return extensions
}

/** Certificates made while a test runs, by @peculiar/x509: authorities, and leaves they sign. */
import '../../src/boot/tls/reflect-metadata.ts'
import { webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'

// Declared twice, once for browsers, whose types are not ours.
x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0])

export interface Pem {
  /** The leaf, and behind it what its authority needs to be believed. */
  readonly cert: string
  readonly key: string
}

export interface Authority extends Pem {
  readonly name: string
  readonly keys: webcrypto.CryptoKeyPair
  /** In PEM, from this one up to below the root: what a server sends behind its leaf. */
  readonly chain: string
}

export interface LeafOptions {
  /** The first one is the subject's name, all are in the subjectAltName; addresses as addresses. */
  readonly names: readonly string[]
  /** Until it expires; negative: since it has expired, having been made a day before. */
  readonly days?: number
  readonly clientAuth?: boolean
  /** The kind of key; P-256 if not told. */
  readonly rsa?: boolean
}

const DAY_MS = 86_400_000
const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
}
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

let serial = 1

/** A root, or with `parent` one that the parent signs. */
export async function makeAuthority(name: string, parent?: Authority): Promise<Authority> {
  const keys = await makeKeys(false)
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: nextSerial(),
    subject: `CN=${name}`,
    issuer: `CN=${parent?.name ?? name}`,
    ...validity(3650),
    publicKey: keys.publicKey,
    signingKey: (parent?.keys ?? keys).privateKey,
    signingAlgorithm: EC,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  })
  const pem = `${cert.toString('pem')}\n`
  return { name, keys, cert: pem, key: await exportKey(keys), chain: parent ? pem + parent.chain : '' }
}

/** Signed by `authority`, or by itself when that is null. */
export async function makeLeaf(authority: Authority | null, options: LeafOptions): Promise<Pem> {
  const keys = await makeKeys(options.rsa === true)
  const subject = `CN=${options.names[0]}`
  const signsItself = authority === null
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: nextSerial(),
    subject,
    issuer: signsItself ? subject : `CN=${authority.name}`,
    ...validity(options.days ?? 30),
    publicKey: keys.publicKey,
    signingKey: signsItself ? keys.privateKey : authority.keys.privateKey,
    signingAlgorithm: signsItself && options.rsa === true ? RSA : EC,
    extensions: [
      new x509.ExtendedKeyUsageExtension([options.clientAuth === true ? CLIENT_AUTH : SERVER_AUTH]),
      new x509.SubjectAlternativeNameExtension(
        options.names.map((name) => ({ type: isIP(name) === 0 ? 'dns' : 'ip', value: name })),
      ),
    ],
  })
  return { cert: `${cert.toString('pem')}\n${authority?.chain ?? ''}`, key: await exportKey(keys) }
}

function validity(days: number): { notBefore: Date; notAfter: Date } {
  const after = Date.now() + days * DAY_MS
  return { notBefore: new Date(Math.min(Date.now(), after) - DAY_MS), notAfter: new Date(after) }
}

function nextSerial(): string {
  return (serial++).toString(16).padStart(8, '0')
}

async function makeKeys(rsa: boolean): Promise<webcrypto.CryptoKeyPair> {
  // The overloads know one kind of key each.
  return (await webcrypto.subtle.generateKey(rsa ? RSA : EC, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair
}

async function exportKey(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}/g, '$&\n').trimEnd()}\n-----END PRIVATE KEY-----\n`
}

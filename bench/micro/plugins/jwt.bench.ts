/**
 * jwt — what the plugin adds to a request: with a token that it knows, and with one that it has to verify.
 *
 *     node dist/bench/micro/plugins/jwt.bench.js
 *
 * The exchange is reset and its head read anew as between requests; what that costs is the first case of each group, so
 * what the plugin adds is told by "over first". A token is made unknown by the clock: it is asked for at its end, where
 * `claims_to_verify` does not mind, so that it is verified each time and not kept.
 */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { validate } from '../../../src/config/validate.ts'
import { type AnyPlugin, type Handler, NEXT } from '../../../src/contract/plugin.ts'
import jwt from '../../../src/plugins/jwt/jwt.ts'
import { makeIdentities } from '../../../test/kit/auth-rig.ts'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import type { Bench, Case } from '../frame/bench.ts'
import { runAlone } from '../frame/run.ts'

const SECRET = 'a-long-random-text-that-is-the-secret'
const END_S = 1_700_000_000
const CLAIMS = { iss: 'issuer', sub: 'somebody@example.com', aud: 'orders', iat: END_S - 300, exp: END_S }

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })

type Signer = (signed: string) => Buffer

const SIGNERS: Record<string, Signer> = {
  HS256: (signed) => createHmac('sha256', SECRET).update(signed).digest(),
  RS256: (signed) => sign('sha256', Buffer.from(signed), rsa.privateKey),
  ES256: (signed) => sign('sha256', Buffer.from(signed), { key: ec.privateKey, dsaEncoding: 'ieee-p1363' }),
}

export const bench: Bench = {
  name: 'jwt',
  says: 'what jwt adds to a request, by algorithm, with a token it knows and with one it does not',
  groups: [
    { name: 'known', open: () => openCases(END_S * 1000 - 1) },
    { name: 'to be verified', open: () => openCases(END_S * 1000) },
  ],
}

function openCases(wallMs: number): Case[] {
  return [
    makeCase('without it', headOf('HS256'), null),
    ...Object.keys(SIGNERS).map((name) => makeCase(name, headOf(name), handlerFor(name, wallMs))),
  ]
}

function handlerFor(algorithm: string, wallMs: number): Handler {
  const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString()
  const key = algorithm === 'ES256' ? ec.publicKey : rsa.publicKey
  const identities = makeIdentities({
    jwt_secrets: [
      { consumer: 'id-of-jo', key: 'issuer', secret: SECRET, algorithm, rsa_public_key: pem(key) },
    ],
  })
  const { schema, build } = jwt as unknown as AnyPlugin // its config type is its own schema's
  const scope = { id: 'p', instanceName: null, routeId: 'r', serviceId: null, consumerId: null }
  return build(validate(schema, {}).value as never, makeHost({ identities, wall: () => wallMs }), scope)
}

function headOf(algorithm: string): Buffer {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: algorithm, typ: 'JWT' })}.${part(CLAIMS)}`
  const token = `${signed}.${SIGNERS[algorithm]!(signed).toString('base64url')}`
  return Buffer.from(
    `GET /orders HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: bench\r\nAccept: */*\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  )
}

function makeCase(name: string, head: Buffer, handler: Handler | null): Case {
  const x = exchangeOf('GET / HTTP/1.1\nHost: a\n')
  return {
    name,
    run(times) {
      let passed = 0
      for (let i = 0; i < times; i++) {
        x.reset()
        x.request.feed(head, 0, head.length)
        if (handler === null || handler.onRequest!(x) === NEXT) passed++
      }
      if (passed !== times) throw new Error(`${passed} of ${times} requests passed`)
      return passed
    },
  }
}

await runAlone(bench, import.meta.url)

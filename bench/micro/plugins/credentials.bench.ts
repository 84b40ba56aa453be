/**
 * credentials — what the plugins add to a request that ask who it is: basic-auth and hmac-auth, with key-auth beside.
 *
 *     node dist/bench/micro/plugins/credentials.bench.js
 *
 * The exchange is reset and its head read anew as between requests; what that costs is the first case of each group, so
 * what a plugin adds is told by "over first".
 */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { validate } from '../../../src/config/validate.ts'
import type { Exchange } from '../../../src/contract/exchange.ts'
import type { Offload } from '../../../src/contract/machine/offload.ts'
import { type AnyPlugin, type Handler, type Host, NEXT } from '../../../src/contract/plugin.ts'
import type { Value } from '../../../src/contract/schema.ts'
import basicAuth from '../../../src/plugins/basic-auth/basic-auth.ts'
import { type Asked, checkScrypt, makeScrypt } from '../../../src/plugins/basic-auth/check-scrypt.ts'
import hmacAuth from '../../../src/plugins/hmac-auth/hmac-auth.ts'
import keyAuth from '../../../src/plugins/key-auth/key-auth.ts'
import { makeIdentities } from '../../../test/kit/auth-rig.ts'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import type { Bench, Case } from '../frame/bench.ts'
import { runAlone } from '../frame/run.ts'

const PASSWORD = 'correct horse battery'
const SECRET = 'a-long-random-text-of-jo'
const NOW = Date.UTC(2026, 5, 1, 12)
const DATE = new Date(NOW).toUTCString()

const identities = makeIdentities({
  keyauth_credentials: [{ consumer: 'id-of-jo', key: SECRET }],
  basicauth_credentials: [{ consumer: 'id-of-jo', username: 'jo', password: sha1(`${PASSWORD}id-of-jo`) }],
  hmacauth_credentials: [{ consumer: 'id-of-jo', username: 'jo', secret: SECRET }],
})

export const bench: Bench = {
  name: 'credentials',
  says: 'what the plugins add to a request that ask who it is',
  groups: [
    { name: 'passwords', open: openPasswords },
    { name: 'signatures', open: openSignatures },
  ],
}

function openPasswords(): Case[] {
  const head = headOf(
    `Authorization: Basic ${Buffer.from(`jo:${PASSWORD}`).toString('base64')}`,
    `apikey: ${SECRET}`,
  )
  return [
    makeCase('without it', [], head),
    makeCase('key-auth', [build(keyAuth, {})], head),
    makeCase('basic-auth, Kong’s hash', [build(basicAuth, {})], head),
    makeCase('basic-auth, a costly hash that was checked', [build(basicAuth, {}, openCostly())], head),
  ]
}

/** A hash whose check is over before it is asked for: what it costs otherwise is another thread's. */
function openCostly(): Partial<Host> {
  const password = makeScrypt(Buffer.from(PASSWORD), randomBytes, { ln: 2, r: 1, p: 1 })
  const own = makeIdentities({ basicauth_credentials: [{ consumer: 'id-of-jo', username: 'jo', password }] })
  const run = (asked: Asked, done: (isRight: boolean, problem: string) => void) => {
    done(checkScrypt(asked), '')
    return true
  }
  const offload = { task: () => ({ run }) } as unknown as Offload // the one task there is
  return { identities: own, offload }
}

function openSignatures(): Case[] {
  const target = '@request-target: get /orders'
  const text = `date: ${DATE}\nhost: api.example.com\n${target}`
  const cases = ['sha1', 'sha256', 'sha512'].map((name) => {
    const signature = createHmac(name, SECRET).update(text).digest('base64')
    const rest = `algorithm="hmac-${name}", headers="date host @request-target", signature="${signature}"`
    const head = headOf(`Date: ${DATE}`, `Authorization: hmac username="jo", ${rest}`)
    return { name, head }
  })
  const hmac = build(hmacAuth, { enforce_headers: ['date', '@request-target'] })
  return [
    makeCase('without it', [], cases[1]!.head),
    ...cases.map(({ name, head }) => makeCase(`hmac-auth, hmac-${name}`, [hmac], head)),
  ]
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}

function headOf(...lines: readonly string[]): Buffer {
  const usual = ['GET /orders HTTP/1.1', 'Host: api.example.com', 'User-Agent: curl/8.5.0', 'Accept: */*']
  return Buffer.from(`${[...usual, 'X-Trace: 0123456789abcdef', ...lines].join('\r\n')}\r\n\r\n`)
}

/** Each plugin's definition has a config type of its own, which its own schema makes. */
function build(plugin: object, config: object, own: Partial<Host> = {}): Handler {
  const { schema, build: make } = plugin as AnyPlugin
  const { value, findings } = validate(schema, config as Value)
  if (findings.length > 0) throw new Error(`a bench with a bad configuration: ${findings[0]?.message}`)
  const scope = { id: 'p', instanceName: null, routeId: 'r', serviceId: null, consumerId: null }
  return make(value as never, makeHost({ identities, wall: () => NOW, ...own }), scope)
}

function makeCase(name: string, handlers: readonly Handler[], head: Buffer): Case {
  const x = exchangeOf('GET / HTTP/1.1\nHost: a\n')
  x.reset()
  x.request.feed(head, 0, head.length)
  // The check of a costly hash is over after this.
  for (const handler of handlers) handler.onRequest?.(x)
  return { name, run: (times) => run(x, handlers, head, times) }
}

function run(x: Exchange, handlers: readonly Handler[], head: Buffer, times: number): number {
  let passed = 0
  for (let i = 0; i < times; i++) {
    x.reset()
    x.request.feed(head, 0, head.length)
    let verdict: number = NEXT
    for (let step = 0; step < handlers.length; step++) verdict |= handlers[step]!.onRequest!(x)
    if (verdict === NEXT) passed++
  }
  if (passed !== times) throw new Error(`${passed} of ${times} requests passed`)
  return passed
}

await runAlone(bench, import.meta.url)

/**
 * access — what the plugins add to a request that decide who may ask: acl behind key-auth, ip-restriction,
 * bot-detection and request-size-limiting.
 *
 *     node dist/bench/micro/plugins/access.bench.js
 *
 * The exchange is reset and its head read anew as between requests; what that costs is the first case of each group, so
 * what a plugin adds is told by "over first".
 */
import { validate } from '../../../src/config/validate.ts'
import type { Exchange } from '../../../src/contract/exchange.ts'
import type { Identities } from '../../../src/contract/identity/identities.ts'
import { type AnyPlugin, type Handler, type Host, NEXT } from '../../../src/contract/plugin.ts'
import type { Value } from '../../../src/contract/schema.ts'
import acl from '../../../src/plugins/acl/acl.ts'
import botDetection from '../../../src/plugins/bot-detection/bot-detection.ts'
import ipRestriction from '../../../src/plugins/ip-restriction/ip-restriction.ts'
import keyAuth from '../../../src/plugins/key-auth/key-auth.ts'
import requestSizeLimiting from '../../../src/plugins/request-size-limiting/request-size-limiting.ts'
import { makeIdentities } from '../../../test/kit/auth-rig.ts'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import type { Bench, Case } from '../frame/bench.ts'
import { runAlone } from '../frame/run.ts'

/** A power of two. */
const ADDRESSES = 4096
const NETWORKS = 10_000
const AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'
const HEAD = Buffer.from(
  `GET /orders HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: ${AGENT}\r\nAccept: */*\r\n` +
    'Accept-Encoding: gzip\r\nCookie: a=b\r\nX-Trace: 0123456789abcdef\r\napikey: a-long-random-text-of-jo\r\n\r\n',
)

export const bench: Bench = {
  name: 'access',
  says: 'what the plugins add to a request that decide who may ask',
  groups: [
    { name: 'key-auth and acl', open: openGroups },
    { name: 'addresses', open: openAddresses },
    { name: 'agents and sizes', open: openRest },
  ],
}

function openGroups(): Case[] {
  const identities = makeIdentities({
    keyauth_credentials: [{ consumer: 'id-of-jo', key: 'a-long-random-text-of-jo' }],
    acls: ['staff', 'night', 'day'].map((group) => ({ consumer: 'id-of-jo', group })),
  })
  const key = build(keyAuth, {}, { identities })
  return [
    makeCase('without them', []),
    makeCase('key-auth', [key]),
    makeCase('key-auth and acl', [key, aclOf({ allow: ['staff'] }, identities)]),
    makeCase('key-auth and acl, header hidden', [
      key,
      aclOf({ allow: ['staff'], hide_groups_header: true }, identities),
    ]),
  ]
}

function aclOf(config: object, identities: Identities): Handler {
  return build(acl, config, { identities })
}

function openAddresses(quick: boolean): Case[] {
  const count = quick ? 100 : NETWORKS
  const v4 = Array.from(
    { length: count },
    (_, i) => `${10 + (i % 90)}.${(i * 7) & 255}.${(i * 13) & 255}.0/24`,
  )
  const v6 = Array.from(
    { length: count },
    (_, i) => `2001:${((i * 7919) & 0xffff).toString(16)}:${(i & 0xff).toString(16)}::/48`,
  )
  const from4 = Array.from({ length: ADDRESSES }, (_, i) => `200.${i >> 4}.${(i * 31) & 255}.${i & 255}`)
  const from6 = Array.from(
    { length: ADDRESSES },
    (_, i) => `2001:${((i * 31) & 0xffff).toString(16)}:ffff::${i.toString(16)}`,
  )
  return [
    makeCase('without it', [], from4),
    makeCase('3 networks', [build(ipRestriction, { deny: v4.slice(0, 3) })], from4),
    makeCase(`${count} networks, IPv4`, [build(ipRestriction, { deny: v4 })], from4),
    makeCase(`${count} networks, IPv6`, [build(ipRestriction, { deny: v6 })], from6),
  ]
}

function openRest(): Case[] {
  return [
    makeCase('without them', []),
    makeCase('bot-detection', [build(botDetection, {})]),
    makeCase('bot-detection, 20 patterns of your own', [
      build(botDetection, { deny: Array.from({ length: 20 }, (_, i) => `^agent-${i}/\\d+`) }),
    ]),
    makeCase('request-size-limiting', [build(requestSizeLimiting, {})]),
  ]
}

/** Each plugin's definition has a config type of its own, which its own schema makes. */
function build(plugin: object, config: object, host: Partial<Host> = {}): Handler {
  const { schema, build: make } = plugin as AnyPlugin
  const { value, findings } = validate(schema, config as Value)
  if (findings.length > 0) throw new Error(`a bench with a bad configuration: ${findings[0]?.message}`)
  const scope = { id: 'p', instanceName: null, routeId: 'r', serviceId: null, consumerId: null }
  return make(value as never, makeHost(host), scope)
}

function makeCase(
  name: string,
  handlers: readonly Handler[],
  addresses: readonly string[] = ['192.0.2.7'],
): Case {
  const x = exchangeOf('GET / HTTP/1.1\nHost: a\n')
  // As an engine hands them over: in one piece.
  const flat = addresses.map((address) => Buffer.from(address).toString('latin1'))
  return { name, run: (times) => run(x, handlers, flat, times) }
}

function run(x: Exchange, handlers: readonly Handler[], addresses: readonly string[], times: number): number {
  let passed = 0
  for (let i = 0; i < times; i++) {
    x.reset()
    x.request.feed(HEAD, 0, HEAD.length)
    x.clientAddress = addresses[i & (addresses.length - 1)]!
    let verdict: number = NEXT
    for (let step = 0; step < handlers.length; step++) verdict |= handlers[step]!.onRequest!(x)
    if (verdict === NEXT) passed++
  }
  if (passed !== times) throw new Error(`${passed} of ${times} requests passed`)
  return passed
}

await runAlone(bench, import.meta.url)

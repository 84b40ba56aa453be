/** What of a configuration becomes a stream route, and which plugins stand on it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeBalancerRig } from '../../../test/kit/balancer-rig.ts'
import { type AnyPlugin, definePlugin, NEXT } from '../../contract/plugin.ts'
import { s } from '../../contract/schema.ts'
import type { StreamFacts } from '../../contract/stream.ts'
import { compile } from '../compile.ts'
import { type Loaded, loadConfig } from '../load.ts'

const FACTS: StreamFacts = {
  clientAddress: '10.0.0.1',
  clientPort: 1000,
  localAddress: '10.0.0.2',
  localPort: 5432,
  isTls: false,
  sni: '',
}

test('routes of tcp, tls and tls_passthrough are streams, and no request ever gets one', () => {
  const { plan } = build(`
services:
- name: db
  url: tcp://10.0.0.7:5432
  routes:
  - { name: plain, protocols: [tcp], destinations: [{ port: 5432 }] }
  - { name: ended, protocols: [tls], snis: [a.example] }
  - { name: passed, protocols: [tls_passthrough], snis: [b.example] }
  - { name: page, paths: [/] }
- name: closed
  host: closed.test
  enabled: false
  routes: [{ name: closed, protocols: [tcp], sources: [{ ip: 10.0.0.1 }] }]
`)
  assert.deepEqual(
    plan.routes.map((route) => route.name),
    ['page'],
  )
  assert.deepEqual(plan.streams.routes.map((route) => [route.name, route.passesTls]).sort(), [
    ['ended', false],
    ['passed', true],
    ['plain', false],
  ])
  const found = plan.streams.find(FACTS)
  assert.equal(found?.name, 'plain')
  assert.equal(found?.service?.balancer.targets[0]?.name, '10.0.0.7:5432')
  assert.equal(plan.streams.find({ ...FACTS, isTls: true, sni: 'b.example' })?.name, 'passed')
})

test('a plugin stands on the streams of its scope if it serves them and is asked to', () => {
  const { plan, built } = build(`
plugins:
- { name: both, protocols: [tcp] }
- { name: pages }
services:
- name: db
  url: tcp://10.0.0.7:5432
  routes: [{ name: one, protocols: [tcp], destinations: [{ port: 5432 }] }]
- name: other
  url: tcp://10.0.0.8:5432
  plugins:
    - { name: both, protocols: [tcp], config: { word: narrower } }
    - { name: streams, config: { word: x } }
  routes: [{ name: two, protocols: [tcp], destinations: [{ port: 6379 }] }]
`)
  assert.deepEqual(built.sort(), ['both narrower', 'both null', 'pages null', 'streams x'])
  assert.equal(plan.streams.find(FACTS)?.steps.length, 1)
  assert.equal(plan.streams.find({ ...FACTS, localPort: 6379 })?.steps.length, 2)
  assert.equal(plan.globalChain.links.map((link) => link.plugin).join(), 'pages')
})

test('a plugin that serves no streams may not be asked to, and one that does is by default', () => {
  const text = (plugin: string) => `
services:
- url: tcp://10.0.0.7:5432
  routes: [{ protocols: [tcp], sources: [{ ip: 10.0.0.1 }], plugins: [${plugin}] }]
`
  assert.deepEqual(messagesOf(text('{ name: pages, protocols: [tcp] }')), [
    'services[0].routes[0].plugins[0].protocols[0]: expected one of: grpc, grpcs, http, https',
  ])
  assert.deepEqual(messagesOf(text('{ name: pages }')), [
    "services[0].routes[0].plugins[0].protocols: must match the associated route's protocols",
  ])
  assert.deepEqual(messagesOf(text('{ name: streams }')), [])
})

test('a route of UDP is told of', () => {
  const text = 'services: [{ host: a, routes: [{ protocols: [tcp, udp], sources: [{ ip: 10.0.0.1 }] }] }]\n'
  assert.deepEqual(messagesOf(text), ['services[0].routes[0].protocols: streams of UDP are not served'])
})

const built: string[] = []

function pluginNamed(name: string, protocols?: readonly string[]): AnyPlugin {
  return definePlugin({
    name,
    summary: 'For tests.',
    priority: 1,
    schema: s.record({ word: s.string() }),
    ...(protocols === undefined ? {} : { protocols }),
    build: (config: { word: string | null }) => {
      built.push(`${name} ${config.word}`)
      return { onStream: () => NEXT }
    },
  }) as unknown as AnyPlugin
}

const plugins = new Map(
  [
    pluginNamed('pages'),
    pluginNamed('both', ['http', 'https', 'tcp', 'tls']),
    pluginNamed('streams', ['tcp', 'tls', 'tls_passthrough']),
  ].map((plugin) => [plugin.name, plugin]),
)

function load(text: string): Loaded {
  return loadConfig({
    text: `_format_version: "3.0"\n${text}`,
    file: 'kong.yml',
    environment: {},
    plugins,
    now: () => 1_800_000_000,
    random: (count) => Buffer.alloc(count, 1),
  })
}

function messagesOf(text: string): string[] {
  return load(text).problems.map(({ path, message }) => `${path}: ${message}`)
}

function build(text: string) {
  const { config, problems } = load(text)
  assert.ok(config, JSON.stringify(problems))
  built.length = 0
  const plan = compile(config, { ...makeBalancerRig().tools, plugins }, 1)
  return { plan, built: [...built] }
}

/** What compile makes of a configuration: what is built, what is shared, what is left out, and that all is closed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchangeOf, makeBalancerRig, UPSTREAM } from '../../test/kit/balancer-rig.ts'
import { GatewayError } from '../base/faults.ts'
import type { BuildTools } from '../contract/build.ts'
import type { Plan, Route } from '../contract/plan.ts'
import {
  type AnyPlugin,
  definePlugin,
  type Handler,
  type Host,
  NEXT,
  type PluginScope,
} from '../contract/plugin.ts'
import { s } from '../contract/schema.ts'
import { compile } from './compile.ts'
import type { Config, Entity, PluginEntity, RouteEntity, ServiceEntity } from './model.ts'

test('a request finds its route, the route its service, and the service a target of its upstream', () => {
  const upstream = { ...UPSTREAM, id: 'u', name: 'orders.upstream' }
  const config = configOf({
    services: [service('orders', { host: 'orders.upstream' })],
    routes: [route('r', 'orders')],
  })
  config.upstreams.push({ ...entity('u'), ...upstream } as (typeof config.upstreams)[number])
  config.targets.push({ ...entity('t'), upstream: 'u', target: '10.0.0.7:9000', weight: 100 })
  const { plan } = build(config)
  const x = exchangeOf('GET /r/1 HTTP/1.1\nHost: a\n')
  assert.ok(plan.router.find(x))
  assert.equal(x.route?.name, 'r')
  assert.equal(x.route?.service?.balancer.pick(x)?.name, '10.0.0.7:9000')
})

test('a service whose host is no upstream has its host as only target', () => {
  const { plan } = build(configOf({ services: [service('orders', { host: '10.0.0.1', port: 81 })] }))
  assert.deepEqual(
    plan.services[0]?.balancer.targets.map((target) => target.name),
    ['10.0.0.1:81'],
  )
})

test("fields of Kong's entities arrive where the flow reads them", () => {
  const fields = {
    protocols: ['http', 'grpcs'],
    strip_path: false,
    path_handling: 'v1',
    tags: ['a'],
  } as const
  const config = configOf({
    services: [service('orders')],
    routes: [{ ...route('r', 'orders'), ...mutable(fields) }],
  })
  const made = build(config, { routerFlavor: 'traditional' }).plan.routes[0]!
  assert.deepEqual([made.protocols, made.stripPath, made.pathHandling, made.tags], [1 | 8, false, 1, ['a']])
  assert.deepEqual([made.service?.connectTimeoutMs, made.service?.retries], [1000, 5])
  assert.equal(
    build(config).plan.routes[0]?.pathHandling,
    0,
    'the default flavour takes v1 for v0, as Kong does',
  )
})

test('a plugin configuration is built once and shared by all chains it stands in', () => {
  const routes = ['a', 'b', 'c'].map((name) => route(name, 'orders'))
  const { plan, built } = build(configOf({ services: [service('orders')], routes, plugins: [plugin('p')] }))
  assert.equal(built.length, 1)
  const handlers = new Set(
    [plan.globalChain, ...plan.routes.map(({ chain }) => chain)].map(({ links }) => links[0]?.handler),
  )
  assert.deepEqual([...handlers], [built[0]?.handler])
})

test('a link says where its configuration comes from', () => {
  const scopes = [{}, { service: 'orders' }, { route: 'r' }, { route: 'r', service: 'orders' }]
  const origins = scopes.map((scope) => {
    const plugins = [plugin('p', scope)]
    const { plan } = build(
      configOf({ services: [service('orders')], routes: [route('r', 'orders')], plugins }),
    )
    return linksOf(plan.routes[0]!)
  })
  assert.deepEqual(origins, [
    ['p: global'],
    ['p: service orders'],
    ['p: route r'],
    ['p: route r and service orders'],
  ])
})

test('a disabled plugin is absent: it is not built and does not stand before a wider one', () => {
  const plugins = [plugin('p'), plugin('p', { id: 'off', route: 'r', enabled: false })]
  const { plan, built } = build(configOf({ routes: [route('r', null)], plugins }))
  assert.equal(built.length, 1)
  assert.deepEqual(linksOf(plan.routes[0]!), ['p: global'])
})

test('what can never apply to an HTTP request here is left out and never widened', () => {
  const plugins = [
    plugin('p', { id: 'streams', protocols: ['tcp'] }),
    plugin('p', { id: 'of a consumer within a group', consumer: 'jo', consumer_group: 'gold' }),
    plugin('p', { id: 'of another service', route: 'r', service: 'other' }),
    plugin('p', { id: 'of a closed service', service: 'closed' }),
  ]
  const services = [service('orders'), service('other'), service('closed', { enabled: false })]
  const { plan, built } = build(configOf({ services, routes: [route('r', 'orders')], plugins }))
  assert.deepEqual(built, [])
  assert.deepEqual(plan.routes[0]?.chain.links, [])
})

test('a consumer has the configurations of its groups, of several the first by name', () => {
  const plugins = [
    plugin('p', { id: 'staff', consumer_group: 'g1' }),
    plugin('p', { id: 'gold', consumer_group: 'g2' }),
    plugin('p', { id: 'staff at r', consumer_group: 'g1', route: 'r' }),
  ]
  const config = configOf({ services: [service('orders')], routes: [route('r', 'orders')], plugins })
  config.consumers.push({ ...entity('jo'), username: 'jo', custom_id: null })
  config.others['consumer_groups'] = [
    { ...entity('g1'), name: 'staff' },
    { ...entity('g2'), name: 'gold' },
  ]
  config.others['consumer_group_consumers'] = ['g1', 'g2'].map((group) => ({
    ...entity(`jo in ${group}`),
    consumer: 'jo',
    consumer_group: group,
  }))
  const { plan, built } = build(config)
  const [jo] = plan.consumers
  assert.deepEqual(jo?.groups, ['staff', 'gold'], 'as written')
  const byId = new Map(built.map(({ scope, handler }) => [scope.id, handler]))
  assert.equal(jo?.overrides?.get('p')?.alone, byId.get('gold'))
  assert.equal(jo?.overrides?.get('p')?.byGroupAndRoute.get('r'), byId.get('staff at r'))
  assert.equal(plan.routes[0]?.chain.fixed, false)
})

test('a plugin is given the consumers and their credentials, and all share one index of a kind', () => {
  const config = configOf({ plugins: [plugin('p', { id: 'one' }), plugin('p', { id: 'two' })] })
  config.consumers.push({ ...entity('jo'), username: 'jo-name', custom_id: null })
  const key = { ...entity('k'), consumer: 'jo', key: 's3cret', created_at: 1000, ttl: 60 }
  config.others['keyauth_credentials'] = [key, { ...key, id: 'lost', consumer: 'gone' }]
  const { plan, built } = build(config)
  const [one, two] = built.map(({ host }) => host.identities)
  assert.equal(one?.consumer('jo'), plan.consumers[0])
  assert.equal(one?.consumer('jo-name'), plan.consumers[0])
  assert.equal(one?.consumer('nobody'), null)
  const index = one?.index('keyauth_credentials', 'key')
  assert.equal(index, two?.index('keyauth_credentials', 'key'))
  const found = index?.find(Buffer.from('s3cret'), 0, 6)
  assert.deepEqual([found?.id, found?.consumer, found?.expiresMs], ['k', plan.consumers[0], 1_060_000])
  assert.equal(one?.credentials('keyauth_credentials').length, 1, 'one without a consumer is nobody’s')
})

test('routes of a disabled service are not found', () => {
  const services = [service('orders', { enabled: false })]
  const { plan } = build(configOf({ services, routes: [route('r', 'orders'), route('bare', null)] }))
  assert.deepEqual(
    plan.routes.map(({ name }) => name),
    ['bare'],
  )
  assert.equal(plan.router.find(exchangeOf('GET /r HTTP/1.1\nHost: a\n')), false)
})

test('a consumer has its own configurations at hand, and only chains they can change are resolved per request', () => {
  const config = configOf({
    services: [service('orders')],
    routes: [route('r', 'orders'), route('other', null)],
    plugins: [plugin('p', { id: 'jo at r', consumer: 'jo', route: 'r' })],
  })
  config.consumers.push({ ...entity('jo'), username: 'jo', custom_id: null })
  config.consumers.push({ ...entity('ann'), username: 'ann', custom_id: '7' })
  const { plan, built } = build(config)
  const own = plan.consumers[0]?.overrides?.get('p')
  assert.equal(own?.byRoute.get('r'), built[0]?.handler)
  assert.equal(plan.consumers[1]?.overrides, null)
  assert.deepEqual(
    plan.routes.map(({ chain }) => chain.fixed),
    [false, true],
  )
})

test('a plan closes each handler and each balancer exactly once, even when one fails to close', () => {
  const plugins = [plugin('p'), plugin('fails to close'), plugin('p', { id: 'p2', route: 'a' })]
  const routes = [route('a', 'orders'), route('b', 'orders')]
  const { plan, closed, names } = build(
    configOf({ services: [service('orders', { host: 'name.test' })], routes, plugins }),
  )
  assert.deepEqual(names(), ['name.test'])
  plan.close()
  plan.close()
  assert.deepEqual(closed, ['p', 'fails to close', 'p2'])
  assert.deepEqual(names(), [], 'the balancer has stopped watching the name')
})

test('a plugin that refuses to be built refuses the plan, and what was built before is closed', () => {
  const config = configOf({ services: [service('orders')], plugins: [plugin('p'), plugin('refuses')] })
  const rig = tools()
  assert.throws(
    () => compile(config, rig.tools, 1),
    (error) => error instanceof GatewayError && /plugin 'refuses' \(refuses\): bad key/.test(error.detail),
  )
  assert.deepEqual(rig.closed, ['p'])
})

test('a route whose pattern is bad refuses the plan', () => {
  const config = configOf({ routes: [{ ...route('r', null), paths: ['~/(a'] }] })
  assert.throws(
    () => compile(config, tools().tools, 1),
    (error) => error instanceof GatewayError && /route r/.test(error.detail),
  )
})

test('a plugin that is not there is named in the words users of Kong know', () => {
  const config = configOf({ plugins: [plugin('nosuch')] })
  assert.throws(
    () => compile(config, tools().tools, 1),
    /plugin 'nosuch' not enabled; add it to the 'plugins'/,
  )
})

test('a plan is frozen', () => {
  const { plan } = build(configOf({ routes: [route('r', null)], plugins: [plugin('p')] }))
  for (const part of [plan, plan.routes, plan.routes[0], plan.routes[0]?.chain, plan.globalChain.links])
    assert.ok(Object.isFrozen(part))
})

// the rig

interface Built {
  readonly scope: PluginScope
  readonly host: Host
  readonly handler: Handler
}

function tools(overrides: Partial<BuildTools> = {}) {
  const rig = makeBalancerRig()
  const built: Built[] = []
  const closed: string[] = []
  const watched = new Set<string>()
  const names: BuildTools['names'] = {
    get: () => [{ ip: '10.1.1.1', port: 0, weight: 0 }],
    watch: (name) => {
      watched.add(name)
      return () => watched.delete(name)
    },
  }
  const plugins = new Map<string, AnyPlugin>()
  for (const name of ['p', 'fails to close', 'refuses']) {
    const close = (id: string) => {
      closed.push(id)
      if (name === 'fails to close') throw new Error('no')
    }
    const make = (scope: PluginScope): Handler => ({ onRequest: () => NEXT, close: () => close(scope.id) })
    plugins.set(
      name,
      definePlugin({
        name,
        summary: 'For tests.',
        priority: 10,
        schema: s.record({}),
        build: (_config, host, scope) => {
          if (name === 'refuses') throw new Error('bad key')
          built.push({ scope, host, handler: make(scope) })
          return built.at(-1)!.handler
        },
      }),
    )
  }
  return { tools: { ...rig.tools, names, plugins, ...overrides }, built, closed, names: () => [...watched] }
}

function build(
  config: Config,
  overrides: Partial<BuildTools> = {},
): { plan: Plan } & Omit<ReturnType<typeof tools>, 'tools'> {
  const { tools: given, ...rest } = tools(overrides)
  return { plan: compile(config, given, 1), ...rest }
}

function linksOf(made: Route): string[] {
  return made.chain.links.map((link) => `${link.plugin}: ${link.origin}`)
}

function entity(id: string): Entity {
  return { id, tags: null, created_at: 1, updated_at: 1 }
}

function mutable<T>(value: T): { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] } {
  return value as never // the same value with a wider type
}

function configOf(part: {
  services?: ServiceEntity[]
  routes?: RouteEntity[]
  plugins?: PluginEntity[]
}): Config {
  return {
    hash: '0'.repeat(32),
    services: part.services ?? [],
    routes: part.routes ?? [],
    upstreams: [],
    targets: [],
    consumers: [],
    plugins: part.plugins ?? [],
    certificates: [],
    snis: [],
    ca_certificates: [],
    others: {},
  }
}

function service(name: string, fields: Partial<ServiceEntity> = {}): ServiceEntity {
  return {
    ...entity(name),
    name,
    retries: 5,
    protocol: 'http',
    host: '10.0.0.1',
    port: 80,
    path: null,
    connect_timeout: 1000,
    write_timeout: 2000,
    read_timeout: 3000,
    client_certificate: null,
    tls_verify: null,
    tls_verify_depth: null,
    retry_policy: null,
    http2: null,
    ca_certificates: null,
    enabled: true,
    ...fields,
  }
}

function route(name: string, ofService: string | null): RouteEntity {
  return {
    ...entity(name),
    name,
    protocols: ['http', 'https'],
    https_redirect_status_code: 426,
    strip_path: true,
    preserve_host: false,
    request_buffering: true,
    response_buffering: true,
    service: ofService,
    methods: null,
    hosts: null,
    paths: [`/${name}`],
    headers: null,
    snis: null,
    sources: null,
    destinations: null,
    regex_priority: 0,
    path_handling: 'v0',
  }
}

function plugin(name: string, fields: Partial<PluginEntity> = {}): PluginEntity {
  return {
    ...entity(name),
    name,
    instance_name: null,
    route: null,
    service: null,
    consumer: null,
    consumer_group: null,
    config: {},
    protocols: ['grpc', 'grpcs', 'http', 'https'],
    enabled: true,
    ...fields,
  }
}

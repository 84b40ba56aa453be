/** Whole configurations, from the text to the model; what is refused is in test/fixtures/config. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { entities } from './kong/schema/entities.ts'
import { type Loaded, loadConfig } from './load.ts'
import type {
  Config,
  PluginEntity,
  RouteEntity,
  ServiceEntity,
  TargetEntity,
  UpstreamEntity,
} from './model.ts'
import { formatProblem } from './problems.ts'

const ORDERS = '580c8aca-d632-5804-b307-a24326e1e2d5'
const ALICE = 'b32379d9-3d28-5683-a79c-72139be6e34f'

test('a service is complete, with the defaults of Kong', () => {
  assert.deepEqual(
    good('services: [{name: orders, url: "https://orders.internal/v1", tags: [b, a, b]}]').services,
    [
      {
        id: ORDERS,
        created_at: 1_800_000_000,
        updated_at: 1_800_000_000,
        name: 'orders',
        retries: 5,
        protocol: 'https',
        host: 'orders.internal',
        port: 443,
        path: '/v1',
        connect_timeout: 60000,
        write_timeout: 60000,
        read_timeout: 60000,
        client_certificate: null,
        tls_verify: null,
        tls_verify_depth: null,
        ca_certificates: null,
        enabled: true,
        retry_policy: null,
        http2: null,
        tags: ['b', 'a'],
      },
    ],
  ) // prettier-ignore
})

test('schemas have the fields of the model, no more and no fewer', () => {
  const service = {
    name: 1,
    retries: 1,
    protocol: 1,
    host: 1,
    port: 1,
    path: 1,
    connect_timeout: 1,
    write_timeout: 1,
    read_timeout: 1,
    client_certificate: 1,
    tls_verify: 1,
    tls_verify_depth: 1,
    ca_certificates: 1,
    enabled: 1,
    retry_policy: 1,
    http2: 1,
    ...common,
  } satisfies Keys<ServiceEntity> // prettier-ignore
  const route = {
    name: 1,
    protocols: 1,
    https_redirect_status_code: 1,
    strip_path: 1,
    preserve_host: 1,
    request_buffering: 1,
    response_buffering: 1,
    service: 1,
    methods: 1,
    hosts: 1,
    paths: 1,
    headers: 1,
    snis: 1,
    sources: 1,
    destinations: 1,
    regex_priority: 1,
    path_handling: 1,
    ...common,
  } satisfies Keys<RouteEntity> // prettier-ignore
  const upstream = {
    name: 1,
    algorithm: 1,
    hash_on: 1,
    hash_fallback: 1,
    hash_on_header: 1,
    hash_fallback_header: 1,
    hash_on_cookie: 1,
    hash_on_cookie_path: 1,
    hash_on_query_arg: 1,
    hash_fallback_query_arg: 1,
    hash_on_uri_capture: 1,
    hash_fallback_uri_capture: 1,
    slots: 1,
    healthchecks: 1,
    host_header: 1,
    client_certificate: 1,
    use_srv_name: 1,
    circuit_breaker: 1,
    outlier_detection: 1,
    slow_start: 1,
    fallback: 1,
    ...common,
  } satisfies Keys<UpstreamEntity> // prettier-ignore
  const target = { upstream: 1, target: 1, weight: 1, ...common } satisfies Keys<TargetEntity>
  const plugin = {
    name: 1,
    instance_name: 1,
    route: 1,
    service: 1,
    consumer: 1,
    consumer_group: 1,
    config: 1,
    protocols: 1,
    enabled: 1,
    ...common,
  } satisfies Keys<PluginEntity> // prettier-ignore
  assert.deepEqual(fieldsOf('services'), Object.keys(service).sort())
  assert.deepEqual(fieldsOf('routes'), Object.keys(route).sort())
  assert.deepEqual(fieldsOf('upstreams'), Object.keys(upstream).sort())
  assert.deepEqual(fieldsOf('targets'), Object.keys(target).sort())
  assert.deepEqual(fieldsOf('plugins'), Object.keys(plugin).sort())
})

test('the ids of Kong are derived from names, so that they survive a reload', () => {
  const config = good(`
services: [{name: orders, host: a}]
consumers:
- username: alice
  acls: [{group: admins}]
  basicauth_credentials: [{username: al, password: plain}]
upstreams: [{name: u, targets: [{target: 10.0.0.1}]}]`)
  assert.equal(config.services[0]?.id, ORDERS)
  assert.equal(config.consumers[0]?.id, ALICE)
  assert.equal(config.others['acls']?.[0]?.id, 'dc1ddbfc-2574-5f8c-ab9c-efb6170dfeaa')
  assert.equal(config.others['basicauth_credentials']?.[0]?.id, '29ab3336-1fb6-54d4-b73d-ccdd9844465e')
  assert.equal(config.targets[0]?.id, '3d682122-f565-55aa-8869-a49937f7d8f2')
})

test('what has no name keeps its id over reloads, so that limits count on', () => {
  const unnamed = `
routes:
- paths: [/a]
- paths: [/b]
- paths: [/b]
consumers:
- username: alice
  keyauth_credentials: [{key: one}, {key: two}]
- custom_id: nobody`
  const idsOf = ({ routes, consumers, others }: ReturnType<typeof good>) =>
    [...routes, ...consumers, ...(others['keyauth_credentials'] ?? [])].map(({ id }) => id)
  const ids = idsOf(good(unnamed))
  assert.equal(new Set(ids).size, 7)
  assert.deepEqual(idsOf(good(unnamed)), ids)
  const moved = good(unnamed.replace('- paths: [/a]', '- paths: [/new]\n- paths: [/a]'))
  assert.deepEqual(idsOf(moved).slice(1), ids)
})

test('an application in the place of another one in the file does not have its id, so its tokens are no good', () => {
  const idsOf = (consumer: string, ...clients: string[]) => {
    const written = clients.map((client_id) => ({ name: 'x', client_id }))
    const consumers = JSON.stringify([{ username: consumer, oauth2_credentials: written }])
    return good(`consumers: ${consumers}`).others['oauth2_credentials']?.map(({ id }) => id)
  }
  const [old, other] = idsOf('alice', 'old', 'other') ?? []
  assert.deepEqual(idsOf('alice', 'other'), [other])
  assert.notEqual(old, other)
  assert.notDeepEqual(idsOf('bob', 'other'), [other])
})

test('a written id is kept in lower case', () => {
  const { routes } = good(`
routes:
- paths: [/b]
  id: 0B5C1A3E-1111-4222-8333-444455556666`)
  assert.equal(routes[0]?.id, '0b5c1a3e-1111-4222-8333-444455556666')
})

test('a reference may be an id, a name or a record, and what is nested belongs to what is around it', () => {
  const { routes } = good(`
services:
- name: orders
  host: a
  routes: [{name: r0, paths: [/0]}]
routes:
- {name: r1, paths: [/1], service: orders}
- {name: r2, paths: [/2], service: {name: orders}}
- {name: r3, paths: [/3], service: {id: ${ORDERS}}}
- {name: r4, paths: [/4], service: ${ORDERS}}
- {name: r5, paths: [/5]}
- {name: r6, paths: [/6], service: ${ORDERS.toUpperCase()}}`)
  const owners = Object.fromEntries(routes.map((route) => [route.name, route.service]))
  assert.deepEqual(owners, {
    r0: ORDERS,
    r1: ORDERS,
    r2: ORDERS,
    r3: ORDERS,
    r4: ORDERS,
    r5: null,
    r6: ORDERS,
  })
})

test('a basic-auth password is kept as the hash of it and the consumer, unless it is one already', () => {
  const text = 'consumers: [{username: alice, basicauth_credentials: [{username: al, password: plain}]}]'
  const hash = createHash('sha1').update(`plain${ALICE}`).digest('hex')
  assert.equal(hash, '138acbc8742d236094607610bfa32eed62e104e9')
  assert.equal(good(text).others['basicauth_credentials']?.[0]?.['password'], hash)
  assert.equal(good(`_transform: false\n${text}`).others['basicauth_credentials']?.[0]?.['password'], 'plain')
})

test('keys and secrets that are left out are made: 32 letters and digits', () => {
  const { others } = good('consumers: [{username: a, keyauth_credentials: [{}, {}], jwt_secrets: [{}]}]')
  const made = [
    ...(others['keyauth_credentials'] ?? []).map((each) => each['key']),
    others['jwt_secrets']?.[0]?.['secret'],
  ]
  for (const text of made) assert.match(String(text), /^[A-Za-z0-9]{32}$/)
  assert.equal(new Set(made).size, 3)
})

test('an oauth2 secret is hashed where that is asked for', () => {
  const { others } = good(
    'consumers: [{username: a, oauth2_credentials: [{name: x, client_secret: s, hash_secret: true}]}]',
  )
  const secret = others['oauth2_credentials']?.[0]?.['client_secret']
  assert.match(String(secret), /^\$pbkdf2-sha512\$i=10000,l=32\$[\w+/]{22}\$[\w+/]{43}$/)
})

test('paths of format 1.1 and 2.1 that look like regular expressions become such', () => {
  const routes = 'routes: [{paths: ["/a/b-c", "/v\\\\d+", "/a.b"]}]'
  const paths = (text: string) => load(text).config?.routes[0]?.paths
  assert.deepEqual(paths(`_format_version: "2.1"\n${routes}`), ['/a/b-c', '~/v\\d+', '/a.b'])
  assert.deepEqual(paths(`_format_version: "1.1"\n${routes}`), ['/a/b-c', '~/v\\d+', '/a.b'])
  assert.deepEqual(paths(`_format_version: "3.0"\n${routes}`), ['/a/b-c', '/v\\d+', '/a.b'])
})

test('a target gets the default port, and IPv6 its brackets', () => {
  const { targets } = good(
    'upstreams: [{name: u, targets: [{target: a.b}, {target: "[::1]:80"}, {target: "fe80::1"}]}]',
  )
  assert.deepEqual(
    targets.map((each) => each.target),
    [
      'a.b:8000',
      '[0000:0000:0000:0000:0000:0000:0000:0001]:80',
      '[fe80:0000:0000:0000:0000:0000:0000:0001]:8000',
    ],
  ) // prettier-ignore
  assert.equal(targets[0]?.created_at, 1_800_000_000.25)
})

test("an upstream's algorithm and hash key are made to fit", () => {
  const { upstreams } = good(`
upstreams:
- {name: a, hash_on: ip}
- {name: b, hash_on: ip, algorithm: least-connections}
- {name: c, hash_on: ip, algorithm: round-robin}`)
  const both = upstreams.map((each) => [each.algorithm, each.hash_on])
  assert.deepEqual(both, [
    ['consistent-hashing', 'ip'],
    ['least-connections', 'none'],
    ['round-robin', 'ip'],
  ]) // prettier-ignore
})

test('a gRPC route keeps its path unless told otherwise', () => {
  const { routes } = good('routes: [{paths: [/a], protocols: [grpc]}, {paths: [/b]}]')
  assert.deepEqual(
    routes.map((each) => each.strip_path),
    [false, true],
  ) // prettier-ignore
})

test("deck's tags, defaults and groups take effect", () => {
  const config = good(`
_info: {select_tags: [team-a], defaults: {service: {retries: 1}, upstream: {healthchecks: {threshold: 5}}}}
services: [{name: a, host: a, tags: [x]}, {name: b, host: b, retries: 2}]
upstreams: [{name: u, healthchecks: {passive: {type: tcp}}}]
consumer_groups: [{name: gold}]
consumers: [{username: alice, groups: [gold]}]`)
  assert.deepEqual(
    config.services.map((each) => [each.retries, each.tags]),
    [
      [1, ['x', 'team-a']],
      [2, ['team-a']],
    ],
  ) // prettier-ignore
  assert.equal(config.upstreams[0]?.healthchecks['threshold'], 5)
  const [group] = config.others['consumer_groups'] ?? []
  const [membership] = config.others['consumer_group_consumers'] ?? []
  assert.deepEqual([membership?.['consumer'], membership?.['consumer_group']], [ALICE, group?.id])
})

test('a secret from a vault is in the entity, and the reference is kept to be shown instead', () => {
  const { config, problems } = load(`
_format_version: "3.0"
vaults: [{prefix: mine, name: env, config: {prefix: MY_}}]
key_sets:
- name: s
  keys:
  - {kid: a, pem: {private_key: "{vault://mine/key-a}"}}
  - {kid: b, pem: {private_key: "{vault://env/json/user}"}}
  - {kid: c, pem: {private_key: "{vault://env/a?prefix=MY_KEY_}"}}
  - {kid: d, pem: {private_key: "{vault://env/nope}"}}`)
  const keys = config?.others['keys'] ?? []
  assert.deepEqual(
    keys.map((key) => (key['pem'] as { private_key: string }).private_key),
    ['A', 'u', 'A', ''],
  ) // prettier-ignore
  assert.deepEqual(config?.references?.[keys[0]?.id ?? ''], { 'pem.private_key': '{vault://mine/key-a}' })
  assert.deepEqual(problems.map(formatProblem), [
    'kong.yml:10:33: warning: key_sets[0].keys[3].pem.private_key: unable to resolve {vault://env/nope}: NOPE is not set',
  ])
})

test('the secret of a credential may come from a vault; one that is not there is an error, not an empty secret', () => {
  const of = (name: string) => `
_format_version: "3.0"
consumers:
- username: jo
  keyauth_credentials: [{key: "{vault://env/${name}}"}]
  hmacauth_credentials: [{username: h, secret: "{vault://env/${name}}"}]
  jwt_secrets: [{key: j, secret: "{vault://env/${name}}"}]
  basicauth_credentials: [{username: b, password: "{vault://env/${name}}"}]`
  const { config } = load(of('my-key-a'))
  assert.equal(config?.others['keyauth_credentials']?.[0]?.['key'], 'A')
  assert.equal(config?.others['hmacauth_credentials']?.[0]?.['secret'], 'A')
  assert.equal(config?.others['jwt_secrets']?.[0]?.['secret'], 'A')
  const [basic] = config?.others['basicauth_credentials'] ?? []
  assert.equal(basic?.['password'], createHash('sha1').update(`A${basic?.['consumer']}`).digest('hex'))
  const missing = load(of('nope')).problems.map(formatProblem)
  const fields = ['keyauth_credentials[0].@entity: key', 'hmacauth_credentials[0].@entity: secret']
  for (const field of [
    ...fields,
    'jwt_secrets[0].@entity: secret',
    'basicauth_credentials[0].@entity: password',
  ])
    assert.ok(
      missing.some((line) => !line.includes('warning') && line.includes(field)),
      missing.join('\n'),
    )
})

test('the hash of a configuration is that of its text', () => {
  const text = '_format_version: "3.0"\n'
  assert.equal(load(text).config?.hash, createHash('md5').update(text).digest('hex'))
})

test('YAML and JSON of the same configuration load the same', () => {
  const value = {
    _format_version: '3.0',
    services: [{ name: 'a', host: 'a', routes: [{ name: 'r', paths: ['/'] }] }],
  }
  const yaml = load(stringify(value)).config
  const json = load(JSON.stringify(value), 'kong.json').config
  assert.deepEqual({ ...json, hash: '' }, { ...yaml, hash: '' })
})

test('an empty file says what is missing', () => {
  assert.deepEqual(load('').problems.map(formatProblem), [
    'kong.yml:1:1: expected a declarative configuration',
  ])
  assert.deepEqual(load('{}').problems.map(formatProblem), [
    'kong.yml:1:1: _format_version: required field missing',
  ])
})

test('no text and no value makes it throw: there is a model or there are problems', () => {
  const key = fc.constantFrom(
    '_format_version',
    '_info',
    'services',
    'routes',
    'plugins',
    'name',
    'host',
    'paths',
    'service',
    'tags',
    'id',
    'consumers',
    'targets',
    'upstreams',
    'url',
    'config',
    '_config',
    'certificates',
    'cert',
    'snis',
    'groups',
    'keys',
  ) // prettier-ignore
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      fc.oneof(fc.constantFrom('3.0', '/', 'a', '', ORDERS, '__proto__', null, true, 1, 1.5), fc.string()),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 6 }),
    ),
  }))
  const answers = (loaded: Loaded): void => {
    assert.equal(
      loaded.config === null,
      loaded.problems.some((problem) => problem.level === 'error'),
    )
  }
  const some = fc.oneof(fc.dictionary(key, value, { maxKeys: 8 }), fc.jsonValue())
  fc.assert(
    fc.property(some, (each) => answers(load(JSON.stringify(each), 'kong.json'))),
    { numRuns: 100 },
  )
  fc.assert(
    fc.property(some, (each) => answers(load(stringify(each)))),
    { numRuns: 40 },
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => answers(load(text))),
    { numRuns: 100 },
  )
})

test('ten thousand routes load', (t) => {
  let text = '_format_version: "3.0"\nservices:\n'
  for (let i = 0; i < 1000; i++) {
    text += `- name: s${i}\n  url: http://s${i}.internal:8080/v1\n  routes:\n`
    for (let j = 0; j < 10; j++)
      text += `  - name: r${i}-${j}\n    paths: [/s${i}/${j}]\n    hosts: [h${i}.example]\n`
  }
  const before = performance.now()
  assert.equal(load(text).config?.routes.length, 10_000)
  t.diagnostic(`10,000 routes, ${text.length} characters: ${Math.round(performance.now() - before)} ms`)
})

type Keys<T> = Record<keyof T, 1>
const common = { id: 1, tags: 1, created_at: 1, updated_at: 1 } as const

function fieldsOf(entity: string): string[] {
  const definition = entities.find((each) => each.name === entity)
  return Object.keys(definition?.schema.fields ?? {}).sort()
}

let nextByte = 0

function load(text: string, file = 'kong.yml'): Loaded {
  return loadConfig({
    text,
    file,
    environment: { MY_KEY_A: 'A', JSON: '{"user": "u"}' },
    plugins: new Map(),
    now: () => 1_800_000_000.25,
    random: (count) => Uint8Array.from({ length: count }, () => (nextByte = (nextByte * 5 + 17) % 251)),
  })
}

/** Loads what must be without a problem. */
function good(text: string): Config {
  const { config, problems } = load(`_format_version: "3.0"\n${text}\n`)
  assert.deepEqual(problems.map(formatProblem), [])
  assert.ok(config !== null)
  return config
}

/** Which path a target is asked for: Kong's whole table through the running gateway, and what escaping and dots do. */
import assert from 'node:assert/strict'
import { type Case, eachEngine, type Rig } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import { get } from '../kit/raw-client.ts'
import { upstreamPaths } from './upstream-paths.ts'

interface Way {
  readonly host: string
  readonly servicePath: string
  readonly routePath: string
  readonly strip: boolean
  readonly handling: 'v0' | 'v1'
  readonly asked: string
  readonly wanted: string
}

/** One host name for each service path, route path, strip and handling, so that each row has a route of its own. */
function toWays(handling: 'v0' | 'v1'): Way[] {
  const hosts = new Map<string, string>()
  const ways: Way[] = []
  for (const [servicePath, routePath, asked, ...wanted] of upstreamPaths as readonly [
    string,
    string,
    string,
  ][]) {
    for (const strip of [false, true]) {
      const key = [servicePath, routePath, strip].join(' ')
      if (!hosts.has(key)) hosts.set(key, `way-${hosts.size}.test`)
      const column = (strip ? 2 : 0) + (handling === 'v1' ? 1 : 0)
      const host = hosts.get(key)!
      ways.push({ host, servicePath, routePath, strip, handling, asked, wanted: wanted[column]! })
    }
  }
  return ways
}

function config(ways: readonly Way[], port: number): string {
  const byHost = new Map(ways.map((way) => [way.host, way]))
  const services = [...byHost.values()].map((way) => ({
    name: `service-${way.host}`,
    host: '127.0.0.1',
    port,
    path: way.servicePath,
    routes: [
      {
        name: way.host,
        hosts: [way.host],
        ...(way.routePath === '' ? {} : { paths: [way.routePath] }),
        strip_path: way.strip,
        path_handling: way.handling,
      },
    ],
  }))
  return kongYml({ services })
}

async function asks(rig: Rig, way: Way): Promise<void> {
  const answer = await rig.ask(`GET ${way.asked}?q HTTP/1.1\r\nHost: ${way.host}\r\n\r\n`)
  assert.equal(answer.status, 200)
  assert.equal(rig.target.last.target, `${way.wanted}?q`)
}

function name(way: Way): string {
  const verb = way.strip ? 'stripped from' : 'kept in'
  const route = way.routePath === '' ? 'no path' : way.routePath
  return `${way.handling}: ${route} ${verb} ${way.asked} before ${way.servicePath} asks for ${way.wanted}`
}

function table(handling: 'v0' | 'v1', flavor: string): void {
  const ways = toWays(handling)
  const options = { config: (port: number) => config(ways, port), env: { SLUICE_ROUTER_FLAVOR: flavor } }
  eachEngine(`upstream path, ${flavor}`, options, (check: Case) => {
    for (const way of ways) check(name(way), (rig) => asks(rig, way))
  })
}

table('v0', 'traditional_compatible')
table('v1', 'traditional')

function plain(port: number): string {
  const target = { host: '127.0.0.1', port }
  return kongYml({
    services: [
      { name: 'all', ...target, routes: [{ name: 'all', paths: ['/'], strip_path: false }] },
      { name: 'foo', ...target, path: '/base', routes: [{ name: 'foo', paths: ['/foo/'] }] },
      { name: 'word', ...target, path: '/word', routes: [{ name: 'word', paths: ['~/w/(?<id>\\d+)'] }] },
    ],
  })
}

/** Request path -> what the target is asked for, through a route that keeps the path. */
const normalised: Readonly<Record<string, string>> = {
  '//a': '/a',
  '/a//b///c': '/a/b/c',
  '/a/./b': '/a/b',
  '/a/../b': '/b',
  '/a/b/..': '/a/',
  '/a/.': '/a/',
  '/a/%2e%2E/b': '/b',
  '/%61b%63': '/abc',
  '/a%2fb': '/a%2Fb',
  '/a%20b': '/a%20b',
  '/a%c3%a9': '/a%C3%A9',
  '/a|b': '/a%7Cb',
  '/a%25b': '/a%25b',
  '/a%3fb': '/a%3Fb',
  '/a%23b': '/a%23b',
  '/a;b=c,d': '/a;b=c,d',
  "/!$&'()*+,=:@~-._": "/!$&'()*+,=:@~-._",
}

eachEngine('upstream path, normalised', { config: plain }, (check) => {
  for (const [asked, wanted] of Object.entries(normalised))
    check(`${JSON.stringify(asked)} reaches the target as ${wanted}`, async (rig) => {
      assert.equal((await rig.ask(get(asked))).status, 200)
      assert.equal(rig.target.last.target, wanted)
    })

  check('climbing above the root is refused with 400', async (rig) => {
    for (const path of ['/../a', '/a/../../b', '/%2e%2e/a'])
      assert.equal((await rig.ask(get(path))).status, 400)
    assert.deepEqual(rig.target.requests, [])
  })

  check('an encoded slash does not match a slash', async (rig) => {
    await rig.ask(get('/foo%2fbar'))
    assert.equal(rig.target.last.target, '/foo%2Fbar')
    await rig.ask(get('/foo/bar'))
    assert.equal(rig.target.last.target, '/base/bar')
  })

  check('an encoded letter matches the letter', async (rig) => {
    await rig.ask(get('/%66oo/bar'))
    assert.equal(rig.target.last.target, '/base/bar')
  })

  check('a regex path strips what it matched', async (rig) => {
    await rig.ask(get('/w/123/rest?x'))
    assert.equal(rig.target.last.target, '/word/rest?x')
  })
})

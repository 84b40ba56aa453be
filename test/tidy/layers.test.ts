/**
 * The house's one picture. A folder may import itself and what is listed; everything else fails
 * here with the line to fix. Widening a row is an architecture decision: it needs an ADR.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNone } from './assert-none.ts'
import { importsOf, isTest, sources } from './tree.ts'

const PARTS = ['base', 'state', 'http1', 'contract']

const mayImport: Record<string, readonly string[]> = {
  base: [],
  state: ['base'],
  http1: ['base'],
  http2: ['base', 'http1'],
  socket: ['base'],
  contract: ['base', 'state', 'http1'],
  flow: [...PARTS, 'socket'],
  stream: [...PARTS, 'socket'],
  limits: PARTS,
  identity: ['base', 'contract', 'http1'],
  redis: ['base', 'state', 'contract'],
  templates: [],
  transform: ['contract', 'http1', 'templates'],
  store: ['base', 'contract'],
  logs: [...PARTS, 'templates', 'transform'],
  shipping: ['base', 'contract'],
  tracing: ['base', 'contract', 'http1'],
  plugins: [...PARTS, 'limits', 'identity', 'templates', 'transform', 'logs', 'shipping', 'tracing'],
  observe: PARTS,
  'native-free': [...PARTS, 'http2', 'socket'],
  config: ['base', 'contract', 'http1', 'flow', 'stream', 'identity', 'plugins'],
  control: ['base', 'state', 'contract', 'config', 'observe', 'flow'],
  boot: [
    ...PARTS,
    'socket',
    'flow',
    'stream',
    'plugins',
    'limits',
    'redis',
    'store',
    'observe',
    'logs',
    'shipping',
    'config',
    'control',
    'native-free',
  ],
  main: ['base', 'boot'],
}

/** The folder of the picture a file is in: 'flow', 'native-free', 'main' for src/main.ts; '' for test and bench. */
function layerOf(path: string): string {
  const parts = path.split('/')
  if (parts[0] === 'native-free') return 'native-free'
  if (parts[0] !== 'src') return ''
  return parts.length === 2 ? parts[1]!.replace(/\.ts$/, '') : parts[1]!
}

/** A stage of flow or a plugin: what may not see its neighbours. Files right in src/flow know all stages. */
function cellOf(path: string): string {
  const match = /^src\/(?:flow|plugins)\/[^/]+\//.exec(path)
  return match === null ? '' : match[0]
}

const files = sources({ tests: false }).filter((path) => layerOf(path) !== '')
const edges = files.flatMap((from) =>
  importsOf(from)
    .filter((to) => to.endsWith('.ts'))
    .map((to) => ({ from, to })),
)

test('every folder imports only what the picture of the house allows', () => {
  const wrong = edges.filter(({ from, to }) => {
    const [own, other] = [layerOf(from), layerOf(to)]
    assert.ok(own in mayImport, `${from}: no row for this folder`)
    return own !== other && !mayImport[own]!.includes(other)
  })
  assertNone(wrong.map(show))
})

test('a stage of flow never imports another stage, a plugin never imports another plugin', () => {
  const wrong = edges.filter(({ from, to }) => {
    const sameLayer = layerOf(from) === layerOf(to)
    return sameLayer && cellOf(from) !== '' && cellOf(from) !== cellOf(to)
  })
  assertNone(wrong.map(show))
})

test('nothing that is shipped imports a test', () => {
  assertNone(edges.filter(({ to }) => isTest(to)).map(show))
})

test('no files import each other in a ring, types included, outside the contract', () => {
  const next = new Map<string, string[]>()
  for (const { from, to } of edges) {
    if (layerOf(from) === 'contract' && layerOf(to) === 'contract') continue
    next.set(from, [...(next.get(from) ?? []), to])
  }
  assertNone(findRing(files, next))
})

function show(edge: { from: string; to: string }): string {
  return `${edge.from} imports ${edge.to}`
}

function findRing(from: readonly string[], next: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>()
  const way: string[] = []
  function visit(path: string): string[] {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path]
    if (done.has(path)) return []
    way.push(path)
    for (const other of next.get(path) ?? []) {
      const ring = visit(other)
      if (ring.length > 0) return ring
    }
    way.pop()
    done.add(path)
    return []
  }
  for (const path of from) {
    const ring = visit(path)
    if (ring.length > 0) return ring
  }
  return []
}

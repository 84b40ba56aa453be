/** The pure core does the same for the same arguments: clock, chance and the world come in as arguments. */
import { test } from 'node:test'
import { assertNone } from './assert-none.ts'
import { type Branch, children, nameOf, syntaxOf } from './syntax.ts'
import { importsOf, isTest, sources } from './tree.ts'

const PURE = [
  'src/base/',
  'src/state/',
  'src/contract/',
  'src/http1/',
  'src/http2/',
  'src/identity/',
  'src/templates/',
  'src/transform/',
  'src/flow/router/',
  'src/flow/chain/',
  'src/flow/balancer/',
  'src/config/',
]

/** Reviewed exceptions: file or folder, the word, and why it may stand. */
const allowed: readonly (readonly [path: string, word: string, reason: string])[] = [
  ['src/config/', 'node:crypto', 'hashes and ids of a configuration are computed, not read from anywhere'],
  ['src/config/kong/schema/hosts.ts', 'node:net', 'isIP, which only looks at its argument'],
  ['src/identity/jose/', 'node:crypto', 'signatures are computed, not read from anywhere'],
]

const WORLD = new Set([
  'process',
  'console',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'fetch',
  'Date.now',
  'Math.random',
  'new Date()',
])

const pure = sources().filter((path) => !isTest(path) && PURE.some((folder) => path.startsWith(folder)))

function isAllowed(path: string, word: string): boolean {
  return allowed.some(([prefix, name]) => path.startsWith(prefix) && name === word)
}

test('pure code imports nothing of Node', () => {
  const wrong: string[] = []
  for (const path of pure)
    for (const name of importsOf(path))
      if (name.startsWith('node:') && !isAllowed(path, name)) wrong.push(`${path}: ${name}`)
  assertNone(wrong)
})

test('pure code reads no clock, rolls no dice, sets no timer and writes no log', () => {
  const wrong: string[] = []
  for (const path of pure) {
    const tree = syntaxOf(path)
    if (tree === null) continue
    for (const word of worldly(tree)) if (!isAllowed(path, word)) wrong.push(`${path}: ${word}`)
  }
  assertNone(wrong)
})

/** The words of WORLD a tree uses as globals: not as the name of a property, a method or a field. */
function* worldly(node: Branch): Generator<string> {
  const word = wordOf(node)
  if (WORLD.has(word)) yield word
  for (const child of children(node)) if (!isLabel(node, child)) yield* worldly(child)
}

function wordOf(node: Branch): string {
  if (node.type === 'MemberExpression') return `${nameOf(node['object'])}.${nameOf(node['property'])}`
  if (node.type === 'NewExpression' && (node['arguments'] as unknown[]).length === 0)
    return `new ${nameOf(node['callee'])}()` // the list is always there
  return nameOf(node)
}

function isLabel(node: Branch, child: Branch): boolean {
  if (node.type === 'MemberExpression') return node['property'] === child && node['computed'] !== true
  const isKeyed =
    node.type === 'Property' || node.type === 'MethodDefinition' || node.type === 'PropertyDefinition'
  return isKeyed && node['key'] === child && node['computed'] !== true
}

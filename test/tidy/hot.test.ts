/**
 * What code on a request's way may not do. A file whose opening comment says HOT is held to it.
 *
 * Functions named constructor, reset, grow…, make…, open…, compile… or build… and what runs when the module loads are
 * cold: they run once a pooled object, a connection or a plan, not once a request.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNone } from './assert-none.ts'
import { type Branch, type FunctionFound, functionsOf, lineOf, nameOf, walkOwn } from './syntax.ts'
import { header, isTest, sources } from './tree.ts'

const PLUGIN_CALL =
  "the try is around a plugin's own code: its error is one request's and not the worker's end"

/** Reviewed exceptions: the name as a failure prints it, and why it may stand. */
const allowed: Record<string, string> = {
  'src/base/outbox.ts#Outbox.put': 'one view a long copy, which costs less than a loop',
  'src/base/outbox.ts#Outbox.putFrom': 'as put',
  'src/http1/head.ts#Head.#take': 'one view a long copy, which costs less than a loop',
  'src/flow/response/response.ts#Response.#putDate': 'once a second',
  'src/flow/transport/http1.ts#Http1Transport.#connect': 'once a connection',
  'src/flow/transport/http1.ts#Http1Transport.#wait': 'once a try that finds no free connection',
  'src/socket/socket-writer.ts#SocketWriter.attach': 'once a connection',
  'src/socket/socket-writer.ts#SocketWriter.flush':
    'one view a flush; a request only when the kernel is full',
  'src/socket/socket-writer.ts#SocketWriter.#flushTls':
    'one view and one request a flush: Node tells of each write of TLS a turn later',
  'src/socket/socket-writer.ts#SocketWriter.#flushStream': 'a Node without the handle’s methods',
  'src/state/logs/log-ring.ts#LogRingWriter.write': 'one view a long copy, as Outbox.put',
  'src/state/counters.ts#counter': 'declares the table while the module loads',
  'src/state/counters.ts#gauge': 'declares the table while the module loads',
  'src/state/counters.ts#sumCounter': 'for whoever shows the counters',
  'src/flow/chain/chain.ts#ChainRunner.#start': PLUGIN_CALL,
  'src/flow/chain/chain.ts#ChainRunner.#askFirst': PLUGIN_CALL,
  'src/flow/chain/chain.ts#ChainRunner.runResponse': PLUGIN_CALL,
  'src/flow/chain/chain.ts#ChainRunner.runResponseBody': PLUGIN_CALL,
  'src/flow/chain/chain.ts#ChainRunner.runLog': PLUGIN_CALL,
  'src/flow/chain/chain.ts#ChainRunner.#ask': PLUGIN_CALL,
}

const FORBIDDEN: Record<string, string> = {
  AwaitExpression: 'waits',
  YieldExpression: 'yields',
  SpreadElement: 'spreads',
  RestElement: 'gathers the rest',
  ObjectPattern: 'destructures',
  ArrayPattern: 'destructures',
  ForInStatement: 'runs for…in',
  TryStatement: 'tries',
  TemplateLiteral: 'fills in a template',
  NewExpression: 'constructs',
  ObjectExpression: 'makes an object',
  ArrayExpression: 'makes an array',
  ClassExpression: 'makes a class',
  FunctionExpression: 'makes a closure',
  ArrowFunctionExpression: 'makes a closure',
  FunctionDeclaration: 'makes a closure',
}

const hot = sources().filter((path) => !isTest(path) && /\bHOT\b/.test(header(path)))

test('some files are on the hot path', () => {
  assert.ok(hot.includes('src/http1/head.ts'))
})

test('code on the hot path makes no closure, promise, object, string template or pattern per call', () => {
  const wrong = hot.flatMap(functionsOf).flatMap(faultsOf)
  assertNone(wrong)
})

function faultsOf(found: FunctionFound): string[] {
  if (found.name in allowed || isCold(found)) return []
  const faults: string[] = []
  if (found.node['async'] === true) faults.push(`${found.name}: is async`)
  const thrown = new Set<Branch>()
  for (const node of walkOwn(found.node)) {
    // What is thrown ends the way, so it may be built there.
    if (node.type === 'ThrowStatement') for (const inner of walkOwn(node)) thrown.add(inner)
    const fault = thrown.has(node) ? '' : faultOf(node)
    if (fault !== '') faults.push(`${found.name}: ${fault} (compiled line ${lineOf(node)})`)
  }
  return faults
}

/** Cold by its name; or written in another function, which is then reported; or run while the module loads. */
function isCold(found: FunctionFound): boolean {
  if (found.outer !== null || found.method === '') return true
  return /^#?(?:constructor|reset|(?:grow|make|open|compile|build)(?:[A-Z]\w*)?)$/.test(found.method)
}

function faultOf(node: Branch): string {
  const forbidden = FORBIDDEN[node.type]
  if (forbidden !== undefined) return forbidden
  if (node.type === 'Literal' && 'regex' in node) return 'builds a regular expression'
  if (node.type === 'Literal' && 'bigint' in node) return 'uses a BigInt'
  if (node.type !== 'Identifier') return ''
  const name = nameOf(node)
  return ['JSON', 'RegExp', 'Promise', 'arguments', 'BigInt'].includes(name) ? `uses ${name}` : ''
}

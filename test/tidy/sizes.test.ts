/** How large things may get: files, functions, parameter lists, nesting, lines and folders. */
import { posix } from 'node:path'
import { test } from 'node:test'
import { assertNone } from './assert-none.ts'
import { type Branch, children, functionsOf, isFunction } from './syntax.ts'
import { isTest, read, sources } from './tree.ts'

const FILE_LINES_WARN = 250
const FILE_LINES_MAX = 400
const TEST_LINES_MAX = 500
const FUNCTION_LINES_MAX = 60
const PARAMETERS_MAX = 4
const NESTING_MAX = 3
const COLUMNS_MAX = 110
/** A comment may run a little further than code: it is read, not scanned. */
const COMMENT_COLUMNS_MAX = 120
const FOLDER_FILES_MAX = 12

/** Reviewed exceptions: the name as a failure prints it, and why it may stand. */
const allowed: Record<string, string> = {
  'src/contract/target.ts#Target.constructor': 'cold; five facts about one address, all required',
  'src/state/rates.ts#Rates.take': 'hot; an object made for five numbers would be garbage each call',
  'src/state/sliding-windows.ts#SlidingWindows.take': 'hot; as Rates.take',
  'src/http2/hpack/hpack-decoder.ts#HpackDecoder.decode': 'hot; as Rates.take',
  'src/http2/hpack/hpack-encoder.ts#HpackEncoder.field': 'hot; as Rates.take',
  'src/http2/hpack/huffman.ts#decodeHuffman': 'hot; as Rates.take',
  'src/http2/frame.ts#putFrameHead': 'hot; a frame has four things in its head',
  'src/http2/request-fields.ts#RequestFields.field': 'what the decoder calls once a field',
  'src/http2/request-fields.ts#RequestFields.#takePseudo': 'as RequestFields.field',
  'src/http2/request-fields.ts#RequestFields.#takeField': 'as RequestFields.field',
  'native-free/http2/http2-frames.ts#Http2Frames.#takeBlock': 'hot; as Rates.take',
  'bench/micro/codec/hpack.bench.ts#Sum.field': 'what the decoder calls once a field',
  'src/contract/exchange.ts#Exchange.constructor': 'a line a field, as the rule for pooled objects asks',
  'src/contract/exchange.ts#Exchange.reset': 'as the constructor',
  'src/boot/registry.ts#<3>': 'what the compiler adds for an import whose path is not known before',
  'src/boot/log/thread/shipped-sink.ts#<3>': "as in registry.ts: TypeScript's own helper for import()",
}

const files = sources()

test(`no file is longer than ${FILE_LINES_MAX} lines, no test longer than ${TEST_LINES_MAX}`, (t) => {
  const long: string[] = []
  for (const path of files) {
    const lines = read(path).split('\n').length - 1
    if (lines > (isTest(path) ? TEST_LINES_MAX : FILE_LINES_MAX)) long.push(`${path}: ${lines} lines`)
    else if (lines > FILE_LINES_WARN && !isTest(path)) t.diagnostic(`${path}: ${lines} lines, aim at 120`)
  }
  assertNone(long)
})

test(`no line is longer than ${COLUMNS_MAX} columns, no comment than ${COMMENT_COLUMNS_MAX}`, () => {
  const long: string[] = []
  for (const path of files) {
    const lines = read(path).split('\n')
    for (const [i, line] of lines.entries())
      if ([...line].length > columnsMax(line) && !isOneLongWord(line)) long.push(`${path}:${i + 1}`)
  }
  assertNone(long)
})

function columnsMax(line: string): number {
  return /^\s*(?:\/\*\*|\*|\/\/)/.test(line) ? COMMENT_COLUMNS_MAX : COLUMNS_MAX
}

/** One long literal that no line break could shorten, with little around it. */
function isOneLongWord(line: string): boolean {
  const literals = line.match(/'[^']*'|"[^"]*"|`[^`]*`|\/(?:\\.|[^/\\])+\/|https?:\/\/\S+/g) ?? []
  const longest = Math.max(0, ...literals.map((literal) => literal.length))
  return longest > COLUMNS_MAX / 2 && line.length - longest < COLUMNS_MAX / 2
}

test(`no function is longer than ${FUNCTION_LINES_MAX} lines`, () => {
  const long = measured().filter((found) => found.lines > FUNCTION_LINES_MAX)
  assertNone(long.map((found) => `${found.name}: ${found.lines} lines`).filter(isNews))
})

test(`no function takes more than ${PARAMETERS_MAX} parameters`, () => {
  const wide = measured().filter((found) => found.parameters > PARAMETERS_MAX)
  assertNone(wide.map((found) => `${found.name}: ${found.parameters} parameters`).filter(isNews))
})

test(`no function nests control flow deeper than ${NESTING_MAX}`, () => {
  const deep: string[] = []
  for (const found of measured()) {
    const depth = nesting(found.node)
    if (depth > NESTING_MAX) deep.push(`${found.name}: ${depth} deep`)
  }
  assertNone(deep.filter(isNews))
})

test(`no folder holds more than ${FOLDER_FILES_MAX} files beside its tests`, () => {
  const counts = new Map<string, number>()
  for (const path of files) {
    if (isTest(path) || path.startsWith('test/')) continue
    counts.set(posix.dirname(path), (counts.get(posix.dirname(path)) ?? 0) + 1)
  }
  const full = [...counts].filter(([, count]) => count > FOLDER_FILES_MAX)
  assertNone(full.map(([folder, count]) => `${folder}: ${count} files`))
})

function measured() {
  return files.filter((path) => !isTest(path)).flatMap(functionsOf)
}

function isNews(line: string): boolean {
  return !(line.slice(0, line.lastIndexOf(': ')) in allowed)
}

const NESTS = new Set([
  'IfStatement',
  'ForStatement',
  'ForOfStatement',
  'ForInStatement',
  'WhileStatement',
  'DoWhileStatement',
  'SwitchStatement',
  'TryStatement',
])

/** The deepest control flow in a function, not counting functions inside it; `else if` is no deeper than `if`. */
function nesting(node: Branch): number {
  let deepest = 0
  for (const child of children(node)) {
    if (isFunction(child)) continue
    const isElseIf =
      node.type === 'IfStatement' && node['alternate'] === child && child.type === 'IfStatement'
    deepest = Math.max(deepest, nesting(child) + (NESTS.has(child.type) && !isElseIf ? 1 : 0))
  }
  return deepest
}

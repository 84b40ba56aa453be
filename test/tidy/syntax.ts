/** The functions of a compiled file, named as a reader would name them, and a walk over what is inside them. */
import { type Node, parse } from 'acorn'
import { readCompiled } from './tree.ts'

/** Any node, its children by key: acorn's own union would need a case per kind. */
export type Branch = Node & { readonly [key: string]: unknown }

export interface FunctionFound {
  /** `file#Class.method`, `file#function`, or `file#<line>` for one without a name. */
  readonly name: string
  readonly method: string
  readonly node: Branch
  readonly lines: number
  readonly parameters: number
  /** The function it is written in, or null. */
  readonly outer: FunctionFound | null
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

export function isFunction(node: Branch): boolean {
  return FUNCTIONS.has(node.type)
}

export function syntaxOf(path: string): Branch | null {
  const code = readCompiled(path)
  if (code === null) return null
  // acorn's tree is read by key here, which its types do not offer
  return parse(code, { ecmaVersion: 2024, sourceType: 'module', locations: true }) as unknown as Branch
}

export function children(node: Branch): Branch[] {
  const found: Branch[] = []
  for (const key of Object.keys(node)) {
    if (key === 'loc') continue
    const value = node[key]
    for (const item of Array.isArray(value) ? value : [value]) if (isBranch(item)) found.push(item)
  }
  return found
}

function isBranch(value: unknown): value is Branch {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

export function lineOf(node: Branch): number {
  return node.loc?.start.line ?? 0
}

/** Every node in a tree, the root first. */
export function* walk(node: Branch): Generator<Branch> {
  yield node
  for (const child of children(node)) yield* walk(child)
}

/** Every node of a function but those of functions written inside it. */
export function* walkOwn(node: Branch): Generator<Branch> {
  for (const child of children(node)) {
    yield child
    if (!isFunction(child)) yield* walkOwn(child)
  }
}

export function functionsOf(path: string): FunctionFound[] {
  const tree = syntaxOf(path)
  const found: FunctionFound[] = []
  if (tree !== null) collect(path, tree, { name: '', owner: '', outer: null }, found)
  return found
}

interface Place {
  readonly name: string
  readonly owner: string
  readonly outer: FunctionFound | null
}

function collect(path: string, node: Branch, place: Place, found: FunctionFound[]): void {
  let inside: Place = { ...place, name: givenName(node) }
  if (isFunction(node)) {
    const outer = describeFunction(path, node, place)
    found.push(outer)
    inside = { name: '', owner: '', outer }
  } else if (node.type === 'ClassDeclaration' || node.type === 'ClassExpression') {
    inside = { ...inside, owner: nameOf(node['id']) }
  }
  for (const child of children(node)) collect(path, child, inside, found)
}

function describeFunction(path: string, node: Branch, place: Place): FunctionFound {
  const method = nameOf(node['id']) || place.name
  const label = method === '' ? `<${lineOf(node)}>` : method
  return {
    name: `${path}#${place.owner === '' ? '' : `${place.owner}.`}${label}`,
    method,
    node,
    lines: (node.loc?.end.line ?? 0) - lineOf(node) + 1,
    parameters: (node['params'] as unknown[]).length, // a function always has the list
    outer: place.outer,
  }
}

/** The name a method, property or variable gives to the function it holds. */
function givenName(node: Branch): string {
  if (node.type === 'MethodDefinition' || node.type === 'Property' || node.type === 'PropertyDefinition')
    return nameOf(node['key'])
  return node.type === 'VariableDeclarator' ? nameOf(node['id']) : ''
}

export function nameOf(node: unknown): string {
  if (!isBranch(node)) return ''
  if (node.type === 'PrivateIdentifier') return `#${String(node['name'])}`
  return node.type === 'Identifier' ? String(node['name']) : ''
}

/** The project's files as the tidy tests see them: paths from the project's root, with '/' between folders. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))

/** Where this run's compiled files are: test/tidy is two folders below. */
export const built = dirname(dirname(here))
export const root = findRoot(built)

const CODE = ['src', 'native-free', 'bench', 'test']
const SKIPPED = new Set(['node_modules', 'dist', '.build', '.git', 'results'])

function findRoot(from: string): string {
  return existsSync(join(from, 'package.json')) ? from : findRoot(dirname(from))
}

/** Every file below a folder, sorted. A folder that does not exist holds none. */
export function filesUnder(folder: string): string[] {
  if (!existsSync(join(root, folder))) return []
  const files: string[] = []
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (SKIPPED.has(entry.name)) continue
    const path = posix.join(folder, entry.name)
    if (entry.isDirectory()) files.push(...filesUnder(path))
    else if (entry.isFile()) files.push(path)
  }
  return files.sort()
}

/** The TypeScript files of the project, tests included unless told otherwise. */
export function sources(options: { tests?: boolean } = {}): string[] {
  return CODE.flatMap(filesUnder).filter(
    (path) => path.endsWith('.ts') && !path.endsWith('.d.ts') && (options.tests !== false || !isTest(path)),
  )
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts')
}

export function exists(path: string): boolean {
  return existsSync(join(root, path))
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** The compiled form of a source file, or null when this run did not compile it. */
export function readCompiled(path: string): string | null {
  const file = join(built, path.replace(/\.ts$/, '.js'))
  return existsSync(file) ? readFileSync(file, 'utf8') : null
}

/** The comment a file opens with, or ''. */
export function header(path: string): string {
  return /^(?:#!.*\n)?\s*\/\*\*[\s\S]*?\*\//.exec(read(path))?.[0] ?? ''
}

const IMPORTS = [
  /^(?:import|export)\s[^'"`=;]*?\bfrom\s+['"]([^'"]+)['"]/gm,
  /^import\s+['"]([^'"]+)['"]/gm,
  /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g,
]

/** What a file imports, types included: a path of ours, or the name of a package or of a node: module. */
export function importsOf(path: string): string[] {
  const text = read(path)
  const found = IMPORTS.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1]!))
  return found.map((name) => (name.startsWith('.') ? posix.join(posix.dirname(path), name) : name))
}

export interface Package {
  readonly scripts: Record<string, string>
  readonly dependencies: Record<string, string>
  readonly devDependencies: Record<string, string>
  readonly peerDependencies: Record<string, string>
  readonly optionalDependencies: Record<string, string>
}

export function readPackage(): Package {
  return JSON.parse(read('package.json')) as Package // our own file
}

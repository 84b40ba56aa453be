/**
 * Runs the tests that were built: `node dist/test/run.js [--unit] [part of a path]`.
 *
 * `--unit` takes what needs no socket: the tests beside the code, and test/tidy. Without it everything runs. A test
 * that needs a program of the system says so in its opening comment, in a line `NEEDS name, name`; it is left out, and
 * named, where one is missing. With CI=true a missing program is an error.
 */
import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const CONCURRENCY = 2
/** A test that hangs is ended, so that the run always ends. */
const TEST_TIMEOUT_MS = 10 * 60_000
const UNIT = ['src', 'native-free', 'bench', join('test', 'tidy')]
const ALL = ['src', 'native-free', 'bench', 'test']

const built = dirname(dirname(fileURLToPath(import.meta.url)))

function findRoot(from: string): string {
  return existsSync(join(from, 'package.json')) ? from : findRoot(dirname(from))
}

/** The source of a compiled test. What is left over from a deleted source must not run. */
function sourceOf(file: string): string {
  return join(findRoot(built), relative(built, file).replace(/\.js$/, '.ts'))
}

function findTests(folder: string): string[] {
  if (!existsSync(folder)) return []
  const found: string[] = []
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) found.push(...findTests(path))
    else if (entry.name.endsWith('.test.js') && existsSync(sourceOf(path))) found.push(path)
  }
  return found.sort()
}

function needsOf(file: string): string[] {
  const opening = readFileSync(sourceOf(file), 'utf8').split('*/', 1)[0]!
  const line = /^ \*\s+NEEDS\s+(.+)$/m.exec(opening)?.[1] ?? ''
  return line.split(/[\s,]+/).filter((name) => name !== '')
}

function isInstalled(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false // not there, or not ours to run: the next folder may have it
    }
  })
}

function run(files: readonly string[]): void {
  const flags = ['--test', '--test-reporter=spec', '--test-reporter-destination=stdout']
  flags.push(`--test-concurrency=${CONCURRENCY}`, `--test-timeout=${TEST_TIMEOUT_MS}`)
  const child = spawn(process.execPath, [...flags, ...files], { stdio: 'inherit' })
  child.on('close', (code) => {
    process.exitCode = code ?? 1
  })
}

function main(words: readonly string[]): void {
  const folders = words.includes('--unit') ? UNIT : ALL
  const parts = words.filter((word) => !word.startsWith('--'))
  const wanted = folders
    .flatMap((folder) => findTests(join(built, folder)))
    .filter((file) => parts.every((part) => file.split(sep).join('/').includes(part)))

  const runnable: string[] = []
  let left = 0
  for (const file of wanted) {
    const missing = needsOf(file).filter((name) => !isInstalled(name))
    if (missing.length === 0) runnable.push(file)
    else console.log(`left out: ${relative(built, file)} needs ${missing.join(', ')}`)
    left += missing.length === 0 ? 0 : 1
  }
  if (runnable.length === 0) {
    console.error('no test to run: build first, or give another part of a path')
    process.exitCode = 1
  } else if (left > 0 && process.env['CI'] === 'true') {
    console.error(`${left} suites can't run here, and CI=true asks for all of them`)
    process.exitCode = 1
  } else run(runnable)
}

main(process.argv.slice(2))

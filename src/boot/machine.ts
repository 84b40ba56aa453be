/** What the process learns of its surroundings before it reads its settings. */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Machine } from '../config/env/env-read.ts'

export function readMachine(): Machine {
  return { cores: availableParallelism(), filesMax: readFilesMax(), runtimeDir: runtimeDir() }
}

/** The soft limit of open files; 0 where /proc does not tell or there is none. */
export function readFilesMax(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'latin1')
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 0)
  } catch {
    // Not Linux: the kernel will say when it refuses.
    return 0
  }
}

function runtimeDir(): string {
  const user = process.getuid?.() ?? 0
  const given = process.env['XDG_RUNTIME_DIR']
  if (user === 0 && isWritable('/run')) return '/run/sluice'
  if (user !== 0 && given !== undefined && isWritable(given)) return join(given, 'sluice')
  return join(tmpdir(), `sluice-${user}`)
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** The root of the installed package: the nearest directory above with our package.json. */
export function packageRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(directory, 'package.json')) && directory !== dirname(directory)) {
    directory = dirname(directory)
  }
  return directory
}

export function readVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'))
  return String(version)
}

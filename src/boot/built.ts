/**
 * The last step of `npm run build`: makes the command executable, and removes compiled files whose source is gone.
 *
 * Plugins are found by reading their folder, so the remains of a deleted one would still be loaded.
 */
import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageRoot } from './machine.ts'

const built = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const root = packageRoot()

function removeOrphans(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) removeOrphans(path)
    else if (path.endsWith('.js') && !existsSync(sourceOf(path))) rmSync(path)
  }
}

function sourceOf(path: string): string {
  return join(root, relative(built, path).replace(/\.js$/, '.ts'))
}

removeOrphans(built)
const command = join(built, 'src', 'main.js')
if (existsSync(command)) chmodSync(command, 0o755)

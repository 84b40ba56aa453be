/** base — builds another commit beside this one, so that both can run in turns. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../src/boot/machine.ts'

const run = promisify(execFile)

export interface Built {
  /** Its program. */
  readonly main: string
  readonly commit: string
}

/** Kept under .build, by the commit's hash: built once. `git worktree remove` takes it away. Throws what went wrong. */
export async function buildBase(reference: string, progress: (what: string) => void): Promise<Built> {
  const root = packageRoot()
  const git = async (...words: string[]) => (await run('git', words, { cwd: root })).stdout.trim()
  const commit = await git('rev-parse', '--verify', '--short=12', `${reference}^{commit}`)
  const folder = join(root, '.build', `base-${commit}`)
  const main = join(folder, 'dist/src/main.js')
  if (existsSync(join(folder, 'dist/built'))) return { main, commit }
  if (!existsSync(folder)) {
    progress(`checks ${reference} (${commit}) out`)
    await git('worktree', 'prune')
    await git('worktree', 'add', '--detach', '--force', folder, commit)
  }
  if (!existsSync(join(folder, 'node_modules'))) await addModules(root, folder, progress)
  progress(`builds ${reference} (${commit})`)
  await compile(root, folder)
  writeFileSync(join(folder, 'dist/built'), '')
  return { main, commit }
}

/** This checkout's, where both have locked the same. */
async function addModules(root: string, folder: string, progress: (what: string) => void): Promise<void> {
  const lockOf = (place: string) => readFileSync(join(place, 'package-lock.json'), 'utf8')
  if (lockOf(root) === lockOf(folder))
    return symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  progress('installs its packages')
  try {
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder })
  } catch (cause) {
    // Half an installation must not be taken for a whole one by the next run.
    rmSync(join(folder, 'node_modules'), { recursive: true, force: true })
    throw cause
  }
}

/** The compiler tells its errors on its standard output, which is no part of what execFile throws. */
async function compile(root: string, folder: string): Promise<void> {
  try {
    await run(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.json'], { cwd: folder })
  } catch (cause) {
    throw new Error(`the base does not compile:\n${(cause as { stdout?: string }).stdout ?? cause}`)
  }
}

/** Watches a configuration file for change, also where editors and Kubernetes replace it by renaming. */
import { type FSWatcher, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'

/** Editors write in several steps; this long a silence means they are done. */
const QUIET_MS = 150
/** A log that grows beside the file is never silent: it must not put the look off for ever. */
const QUIET_MAX_MS = 2000

/**
 * What stands under the name: another file, another length or another time of writing is a change. '' for none.
 * Throws nothing: that a file can't be looked at is a state of it too, and whoever reads it will say so.
 */
export function stampOf(file: string): string {
  try {
    const stat = statSync(file, { bigint: true })
    return `${stat.ino} ${stat.size} ${stat.mtimeNs}`
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException // all that statSync throws
    return code === 'ENOENT' ? '' : `unreadable ${code}`
  }
}

export interface Watching {
  readonly file: string
  /** Of the file as it was read. */
  readonly stamp: string
  /** The file is no longer what it was; whether its text says something else is the caller's to see. */
  changed(): void
  failed(cause: Error): void
}

/** Answers a function that ends the watch. */
export function watchFile({ file, stamp, changed, failed }: Watching): () => void {
  let seen = stamp
  let quiet: NodeJS.Timeout | null = null
  let restlessSince = 0
  const look = () => {
    quiet = null
    const now = stampOf(file)
    if (now === seen) return
    seen = now
    changed()
  }
  const stirred = () => {
    if (quiet === null) restlessSince = performance.now()
    else if (performance.now() - restlessSince > QUIET_MAX_MS) return
    else clearTimeout(quiet)
    quiet = setTimeout(look, QUIET_MS)
  }
  // The directory: a watch on the file itself would follow the old one after a rename, and a ConfigMap swaps a link.
  const watcher: FSWatcher = watch(dirname(file), { persistent: false }, stirred)
  watcher.on('error', failed)
  // Nothing tells of a change between the first reading and this watch.
  stirred()
  return () => {
    if (quiet !== null) clearTimeout(quiet)
    watcher.close()
  }
}

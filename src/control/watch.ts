/** Watches a configuration file for change, also where editors and Kubernetes replace it by renaming. */
import { type FSWatcher, watch } from 'node:fs'
import { dirname } from 'node:path'

/** Editors write in several steps; this long a silence means they are done. */
const QUIET_MS = 150

/** Calls `changed` after anything in the file's directory moved; whether the text differs is the caller's to see. */
export function watchFile(file: string, changed: () => void, failed: (cause: Error) => void): () => void {
  let quiet: NodeJS.Timeout | null = null
  // The directory: a watch on the file itself would follow the old one after a rename, and a ConfigMap swaps a link.
  const watcher: FSWatcher = watch(dirname(file), { persistent: false }, () => {
    if (quiet !== null) clearTimeout(quiet)
    quiet = setTimeout(changed, QUIET_MS)
  })
  watcher.on('error', failed)
  return () => {
    if (quiet !== null) clearTimeout(quiet)
    watcher.close()
  }
}

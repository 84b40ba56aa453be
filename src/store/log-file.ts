/** log-file — one file that is written at its end: an open descriptor with the few calls the journal needs. */
import { open } from 'node:fs/promises'

export interface LogFile {
  /** All bytes, from `at` on. */
  write(bytes: Uint8Array, at: number): Promise<void>
  /** Resolves when what was written is on disk. */
  sync(): Promise<void>
  truncate(length: number): Promise<void>
  close(): Promise<void>
}

export type OpenLogFile = (path: string) => Promise<LogFile>

const MODE = 0o600

export async function openLogFile(path: string): Promise<LogFile> {
  // Not for appending: after a failed write the end is set back, and written over.
  const handle = await open(path, 'r+').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause
    return open(path, 'wx+', MODE)
  })
  return {
    async write(bytes, at) {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done)
        done += bytesWritten
      }
    },
    sync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    close: () => handle.close(),
  }
}

/** What was made, renamed or removed in the folder stays so. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

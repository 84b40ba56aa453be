/**
 * file-log — appends a record of each request to a file, as a line of JSON.
 *
 * The file is written in the log thread, once for all workers: see write-file.ts.
 */
import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { definePlugin } from '../../contract/plugin.ts'
import { s } from '../../contract/schema.ts'
import { customFields } from '../../logs/custom-fields.ts'
import { LogHandler } from '../../logs/log-handler.ts'
import type { FileSettings } from './write-file.ts'

/** Kong's: what a shell would make something of. */
const FILE_NAME: readonly [string, string] = ['^[^*&%\\\\`]+$', 'not a valid filename']
const STREAMS: ReadonlySet<string> = new Set(['/dev/stdout', '/dev/stderr'])

const schema = s.record({
  path: s.string({
    required: true,
    match: FILE_NAME,
    says: 'The file to append to, made with mode 0644 where it is missing. /dev/stdout and /dev/stderr work.',
  }),
  reopen: s.boolean({
    required: true,
    default: false,
    says: 'Opens the file anew for each batch of lines, so that one that was moved away is made again.',
  }),
  ...customFields,
})

export default definePlugin({
  name: 'file-log',
  summary: 'Appends a record of each request to a file, as a line of JSON.',
  priority: 9,
  schema,
  build: (config, host) => {
    checkWritable(config.path)
    const settings: FileSettings = { path: config.path, reopen: config.reopen }
    return new LogHandler(host.logs.open(import.meta.url, 'write-file', settings), config.custom_fields, host)
  },
})

/** Looks, and makes nothing: a configuration that is only checked must leave no file behind. */
function checkWritable(path: string): void {
  if (STREAMS.has(path)) return
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found?.isDirectory() === true) throw new Error('it is a directory')
    accessSync(found === undefined ? dirname(path) : path, constants.W_OK)
  } catch (cause) {
    throw new Error(`failed to open the file ${path}: ${reasonOf(cause)}`)
  }
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const code = 'code' in cause ? String(cause.code) : ''
  if (code === 'ENOENT') return 'its folder does not exist'
  if (code === 'EACCES' || code === 'EPERM') return 'no permission to write there'
  return code === '' ? cause.message : code
}

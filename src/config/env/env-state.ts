/** The environment's rows for what plugins keep on disk. */
import { bytes, path } from './env-kinds.ts'
import { row } from './env-row.ts'

export const state = {
  dataDir: row(
    'DATA_DIR',
    path,
    '',
    'Directory for what plugins keep over a restart (tokens of oauth2), of one gateway alone; by default `data` in PREFIX, which may not outlive the machine.',
  ),
  stateMaxBytes: row(
    'STATE_MAX',
    bytes,
    '64m',
    'The most that may be kept there, in memory and about three times that on disk.',
  ),
}

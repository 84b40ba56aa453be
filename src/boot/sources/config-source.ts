/** config-source — where the configuration comes from, and the reading and checking of it. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Environment } from '../../config/env/env.ts'
import { loadConfig } from '../../config/load.ts'
import type { Config, Problem } from '../../config/model.ts'
import { formatProblem } from '../../config/problems.ts'
import type { Checked } from '../../control/reload.ts'
import { EMPTY_HASH } from '../../control/status/status-view.ts'
import type { PluginShelf } from './plugin-shelf.ts'

export interface ConfigSource {
  /** Absolute; '' when the configuration is in a variable, or there is none. */
  readonly file: string
  /** For messages. */
  readonly name: string
  readonly text: string
}

/** `flag` outranks the environment. */
export function sourceOf(environment: Environment, flag: string | undefined): ConfigSource {
  const file = flag ?? environment.declarativeConfig
  if (file !== '') return { file: resolve(file), name: file, text: '' }
  const text = environment.declarativeConfigString
  return { file: '', name: text === '' ? '(no configuration)' : 'SLUICE_DECLARATIVE_CONFIG_STRING', text }
}

const EMPTY = '_format_version: "3.0"\n'
const EMPTY_NAME = 'empty.yaml'

export interface Loaded {
  readonly config: Config | null
  readonly problems: readonly Problem[]
}

export async function loadSource(source: ConfigSource, shelf: PluginShelf): Promise<Loaded> {
  let text = source.text
  if (source.file !== '') {
    try {
      text = await readFile(source.file, 'utf8')
    } catch (cause) {
      return { config: null, problems: [unreadable(source.name, cause as NodeJS.ErrnoException)] }
    }
  }
  await shelf.loadNamedIn(text)
  const loaded = read(source, text, shelf)
  // A name may be spelt so that the text does not show it; and a message may have to say what else there is.
  const isWrong = loaded.problems.some(({ level }) => level === 'error')
  return isWrong && (await shelf.loadAll()) ? read(source, text, shelf) : loaded
}

function read(source: ConfigSource, text: string, { plugins }: PluginShelf): Loaded {
  const now = () => Math.floor(Date.now() / 1000)
  const tools = { environment: process.env, plugins, now, random: randomBytes }
  if (source.file === '' && text === '')
    return nothing(loadConfig({ ...tools, text: EMPTY, file: EMPTY_NAME }))
  // What is in a variable is YAML; JSON is YAML too.
  return loadConfig({ ...tools, text, file: source.file === '' ? `${source.name}.yaml` : source.name })
}

export async function checkSource(source: ConfigSource, shelf: PluginShelf): Promise<Checked> {
  const { config, problems } = await loadSource(source, shelf)
  const errors = problems.filter((problem) => problem.level === 'error').map(formatProblem)
  const warnings = problems.filter((problem) => problem.level === 'warning').map(formatProblem)
  return { config: errors.length > 0 ? null : config, errors, warnings }
}

/** Kong tells a gateway without configuration by this hash. */
function nothing(loaded: Loaded): Loaded {
  if (loaded.config !== null) loaded.config.hash = EMPTY_HASH
  return loaded
}

function unreadable(file: string, cause: NodeJS.ErrnoException): Problem {
  const why =
    cause.code === 'ENOENT' ? 'there is no such file' : `can't be read: ${cause.code ?? cause.message}`
  return { level: 'error', file, line: 0, column: 0, path: '', message: why }
}

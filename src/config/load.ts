/** Loads a configuration: text in, the model out, or everything that is wrong with it, each with its place. */
import { createHash } from 'node:crypto'
import { type KongTools, loadKong } from './kong/load/load-kong.ts'
import { readText } from './kong/read/read-text.ts'
import type { Config, Problem } from './model.ts'
import { formatProblem } from './problems.ts'

export interface LoadOptions extends KongTools {
  readonly text: string
  /** Its ending says what it is: .yml, .yaml or .json. */
  readonly file: string
}

export interface Loaded {
  /** Null when a problem is an error. */
  readonly config: Config | null
  readonly problems: Problem[]
}

export function loadConfig(options: LoadOptions): Loaded {
  const read = readText(options)
  const problems = [...read.problems]
  if (problems.some(isError)) return { config: null, problems: inOrder(problems) }
  const { config, findings } = loadKong(read.value, options)
  problems.push(...read.placed(findings))
  if (config !== null) config.hash = createHash('md5').update(options.text).digest('hex')
  return { config, problems: inOrder(problems) }
}

function isError(problem: Problem): boolean {
  return problem.level === 'error'
}

/** As one reads: from the top of the file down, and nothing twice. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const different = new Map(problems.map((problem) => [formatProblem(problem), problem]))
  return [...different.values()].sort((a, b) => a.line - b.line || a.column - b.column)
}

/** What is wrong with a configuration: findings by path while it is checked, problems with a place for people. */
import type { Problem } from './model.ts'

export type Path = readonly (string | number)[]

/** A problem before its place in the source is known. `at` tells whether the key or the value is to be shown. */
export interface Finding {
  readonly level: 'error' | 'warning'
  readonly path: Path
  readonly at: 'key' | 'value'
  readonly message: string
}

/** Stands in a path where Kong puts what is wrong with several fields together. */
export const ENTITY = '@entity'

export function finding(path: Path, message: string, at: 'key' | 'value' = 'value'): Finding {
  return { level: 'error', path, at, message }
}

export function warning(path: Path, message: string): Finding {
  return { level: 'warning', path, at: 'value', message }
}

/** `kong.yml:12:5: services[0].port: expected an integer` */
export function formatProblem(problem: Problem): string {
  const place = problem.line > 0 ? `${problem.file}:${problem.line}:${problem.column}` : problem.file
  const note = problem.level === 'warning' ? 'warning: ' : ''
  const path = problem.path === '' ? '' : `${problem.path}: `
  return `${place}: ${note}${path}${problem.message}`
}

/** services[2].routes[0].headers["x.y"] */
export function pathText(path: Path): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (!/^[\w@-]+$/.test(step)) text += `[${JSON.stringify(step)}]`
    else text += text === '' ? step : `.${step}`
  }
  return text
}

/** The known word that a mistyped one most likely meant, or null. */
export function nearestWord(word: string, known: Iterable<string>): string | null {
  // Beyond this no name of ours could be meant, and the distance costs the product of the lengths.
  if (word.length > 64) return null
  let best: string | null = null
  // Two letters swapped count as two changes, and are the commonest slip.
  let least = (word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 3))) + 1
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) >= least) continue
    const far = editDistance(word, candidate)
    if (far < least) {
      least = far
      best = candidate
    }
  }
  return best
}

export function unknownField(name: string, known: Iterable<string>): string {
  const meant = nearestWord(name, known)
  return meant === null ? 'unknown field' : `unknown field (did you mean '${meant}'?)`
}

/** Levenshtein's, with one row; two letters swapped count as 2. */
function editDistance(a: string, b: string): number {
  const row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    let diagonal = i - 1
    row[0] = i
    for (let j = 1; j <= b.length; j++) {
      const above = row[j]!
      const change = a[i - 1] === b[j - 1] ? diagonal : diagonal + 1
      row[j] = Math.min(above + 1, row[j - 1]! + 1, change)
      diagonal = above
    }
  }
  return row[b.length]!
}

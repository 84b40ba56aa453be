/** Reads the text of a configuration file to plain values; places are worked out only when something is wrong. */
import type { Value } from '../../../contract/schema.ts'
import type { Problem } from '../../model.ts'
import { type Finding, pathText } from '../../problems.ts'
import { expandEnvironment } from './expand-environment.ts'
import { quickJson, quickYaml } from './quick-yaml.ts'
import { type TextFinding, type YamlDocument, yamlDocument } from './yaml-document.ts'

export interface TextSource {
  readonly text: string
  readonly file: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

export interface ReadText {
  readonly value: Value
  /** What is wrong with the text itself. With an error in it, the value is not to be trusted. */
  readonly problems: Problem[]
  /** Gives findings about the value their places. */
  placed(findings: readonly Finding[]): Problem[]
}

/** Larger than any configuration seen: 10,000 routes are 1.5 MB. */
export const TEXT_LENGTH_MAX = 64 * 1024 * 1024

export function readText(source: TextSource): ReadText {
  if (source.text.length > TEXT_LENGTH_MAX) {
    return unreadable(source.file, `larger than ${TEXT_LENGTH_MAX} characters`)
  }
  if (!/\.(?:ya?ml|json)$/i.test(source.file)) {
    return unreadable(source.file, 'unknown type of file: expected .yml, .yaml or .json')
  }
  return new TextReading(source)
}

function unreadable(file: string, message: string): ReadText {
  const problem: Problem = { level: 'error', file, line: 0, column: 0, path: '', message }
  return { value: null, problems: [problem], placed: () => [] }
}

class TextReading implements ReadText {
  readonly value: Value
  readonly problems: Problem[]
  readonly #file: string
  readonly #original: string
  readonly #text: string
  readonly #originalOffset: (offset: number) => number
  #document: YamlDocument | null = null
  #lineStarts: number[] | null = null

  constructor(source: TextSource) {
    const expanded = expandEnvironment(source.text, source.environment)
    this.#file = source.file
    this.#original = source.text
    // A byte order mark is not part of the text.
    const skipped = expanded.text.startsWith('\ufeff') ? 1 : 0
    this.#text = expanded.text.slice(skipped)
    this.#originalOffset = (offset) => expanded.originalOffset(offset + skipped)
    this.problems = expanded.textFindings.map((each) => this.#textProblem(each, true))
    this.value = /\.json$/i.test(source.file) ? this.#json() : this.#yaml()
  }

  #json(): Value {
    try {
      const value: Value = JSON.parse(this.#text)
      if (quickJson(this.#text) !== undefined) return value
      // Repeated keys or great depth: the YAML reader finds them, JSON being part of YAML.
      return this.#yaml()
    } catch (error) {
      const found = this.#slow().textFindings[0]
      const said = `not valid JSON: ${found?.message ?? (error instanceof Error ? error.message : 'unreadable')}`
      this.problems.push(this.#textProblem({ offset: found?.offset ?? 0, message: said }, false))
      return null
    }
  }

  #yaml(): Value {
    const quick = quickYaml(this.#text)
    if (quick !== undefined) return quick
    const document = this.#slow()
    for (const each of document.textFindings) this.problems.push(this.#textProblem(each, false))
    this.problems.push(...this.placed(document.findings))
    return document.value
  }

  #slow(): YamlDocument {
    this.#document ??= yamlDocument(this.#text)
    return this.#document
  }

  placed(findings: readonly Finding[]): Problem[] {
    return findings.map((each) => {
      const offset = this.#originalOffset(this.#slow().offsetOf(each.path, each.at))
      const path = pathText(each.path)
      return { level: each.level, file: this.#file, ...this.#place(offset), path, message: each.message }
    })
  }

  #textProblem(each: TextFinding, isOriginal: boolean): Problem {
    const offset = isOriginal ? each.offset : this.#originalOffset(each.offset)
    return { level: 'error', file: this.#file, ...this.#place(offset), path: '', message: each.message }
  }

  #place(offset: number): { line: number; column: number } {
    this.#lineStarts ??= lineStarts(this.#original)
    const starts = this.#lineStarts
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (starts[middle]! <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - starts[low]! + 1 }
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1)
  return starts
}

/** configured-value — the value of a rule: as it stands in the configuration, or worked out anew for each request. */
import type { Environment } from '../templates/evaluator.ts'
import { TemplateError, toBytes } from '../templates/lua-value.ts'
import { compileTemplate, type Template } from '../templates/template.ts'

export class ConfiguredValue {
  /** A character a byte; of a template what it came to last. */
  text: string
  readonly source: string
  /** Why the template can't be read; ''. */
  readonly problem: string
  readonly #template: Template | null

  /** `hasTemplates` false: `$(…)` is text. */
  constructor(source: string, hasTemplates: boolean) {
    this.source = source
    const made = hasTemplates ? compile(source) : null
    this.problem = typeof made === 'string' ? made : ''
    this.#template = typeof made === 'string' ? null : made
    this.text = toBytes(source)
  }

  get isConstant(): boolean {
    return this.#template === null && this.problem === ''
  }

  /** Throws TemplateError. */
  render(names: Environment): void {
    if (this.problem !== '') throw new TemplateError(this.problem)
    if (this.#template !== null) this.text = this.#template.render(names)
  }
}

function compile(source: string): Template | null | string {
  try {
    return compileTemplate(source)
  } catch (error) {
    if (error instanceof TemplateError) return error.message
    throw error
  }
}

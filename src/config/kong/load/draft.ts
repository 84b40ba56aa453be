/** One entity on its way from the file to the model. */
import { type Finding, finding, type Path } from '../../problems.ts'
import type { EntityDefinition, RawRecord } from '../schema/entity.ts'

export interface Draft {
  readonly definition: EntityDefinition
  /** As written, without what is nested in it; shorthands are expanded in here. */
  readonly raw: RawRecord
  /** Where it stands in the file. */
  readonly path: Path
  /** What it is nested in, and the field that says so. */
  readonly parent: Draft | null
  readonly parentField: string | null
  id: string
  /** True when the id was derived from the entity's own fields. */
  derived: boolean
  /** Complete and checked; empty until then. */
  entity: RawRecord
  /** False when something in it is wrong. */
  valid: boolean
}

/** Everything found so far; the loader's parts write to it. */
export class Findings {
  readonly all: Finding[] = []
  errors = 0

  say(path: Path, message: string, at: 'key' | 'value' = 'value'): void {
    this.add(finding(path, message, at))
  }

  add(each: Finding): void {
    if (each.level === 'error') this.errors++
    this.all.push(each)
  }
}

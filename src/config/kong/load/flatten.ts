/** Takes nested entities out of one another: a list of drafts, parents before what was written inside them. */
import type { Value } from '../../../contract/schema.ts'
import type { Path } from '../../problems.ts'
import { isRecord } from '../../validate.ts'
import { entities, nestings } from '../schema/entities.ts'
import type { EntityDefinition, RawRecord } from '../schema/entity.ts'
import { migratedPath } from '../schema/paths.ts'
import type { KongDocument } from './document.ts'
import type { Draft, Findings } from './draft.ts'

/** In each entity, and of no meaning to it. */
const REMARKS = ['_comment', '_ignore']

export function flatten(document: KongDocument, findings: Findings): Draft[] {
  const flattening = new Flattening(document, findings)
  for (const definition of entities) {
    document.sections.get(definition.name)?.forEach((value, i) => {
      flattening.add(definition, value, [definition.name, i])
    })
  }
  return flattening.drafts
}

interface Within {
  readonly parent: Draft | null
  /** The child's field that names the parent. */
  readonly field: string | null
}

const NOWHERE: Within = { parent: null, field: null }

class Flattening {
  readonly drafts: Draft[] = []
  readonly #document: KongDocument
  readonly #findings: Findings

  constructor(document: KongDocument, findings: Findings) {
    this.#document = document
    this.#findings = findings
  }

  add(definition: EntityDefinition, value: Value, path: Path, within: Within = NOWHERE): void {
    const { parent, field } = within
    const written = field === null ? value : expandName(definition, field, value)
    if (!isRecord(written)) {
      this.#findings.say(path, 'expected a record')
      return
    }
    const { own, nested } = this.#split(definition, written)
    if (field !== null && parent !== null && own[field] !== undefined && own[field] !== null) {
      this.#findings.say(
        [...path, field],
        `unknown field (what is nested already belongs to its ${field})`,
        'key',
      )
      delete own[field]
    }
    this.#decorate(definition, own, path)
    const draft: Draft = {
      definition,
      raw: own,
      path,
      parent,
      parentField: field,
      id: '',
      derived: false,
      entity: {},
      valid: true,
    }
    this.drafts.push(draft)
    for (const [key, members] of nested) this.#addNested(draft, key, members)
  }

  #split(definition: EntityDefinition, written: RawRecord): { own: RawRecord; nested: [string, Value][] } {
    const inside = nestings.get(definition.name)
    const own: RawRecord = {}
    const nested: [string, Value][] = []
    for (const key of Object.keys(written)) {
      if (REMARKS.includes(key)) continue
      if (inside?.has(key) === true) nested.push([key, written[key]!])
      // A key of this name has no field anywhere, so it is enough that it is complained about.
      else if (key === '__proto__') own['__proto__ '] = null
      else own[key] = written[key]!
    }
    return { own, nested }
  }

  #addNested(draft: Draft, key: string, members: Value): void {
    if (members === null || (isRecord(members) && Object.keys(members).length === 0)) return
    const nesting = nestings.get(draft.definition.name)?.get(key)
    if (nesting === undefined) return
    if (!Array.isArray(members)) {
      this.#findings.say([...draft.path, key], 'expected an array')
      return
    }
    members.forEach((member, i) => {
      this.add(nesting.child, member, [...draft.path, key, i], { parent: draft, field: nesting.field })
    })
  }

  /** What the file says about entities elsewhere: deck's defaults and tags, older versions' paths. */
  #decorate(definition: EntityDefinition, own: RawRecord, path: Path): void {
    const defaults = this.#document.defaults[singular(definition.name)]
    if (isRecord(defaults)) fillIn(own, defaults)
    if (this.#document.selectTags.length > 0) {
      own['tags'] = [...(Array.isArray(own['tags']) ? own['tags'] : []), ...this.#document.selectTags]
    }
    if (definition.name === 'plugins') this.#mergeConfig(own, path)
    const paths = own['paths']
    if (this.#document.migrates && definition.name === 'routes' && Array.isArray(paths)) {
      own['paths'] = paths.map((each) => (typeof each === 'string' ? migratedPath(each) : each))
    }
  }

  #mergeConfig(own: RawRecord, path: Path): void {
    const name = own['_config']
    delete own['_config']
    if (name === undefined || name === null) return
    const configs = this.#document.pluginConfigs
    const common = typeof name === 'string' && Object.hasOwn(configs, name) ? configs[name] : undefined
    if (!isRecord(common)) {
      const said = `invalid reference '_config: ${String(name)}' (no such entry in '_plugin_configs')`
      this.#findings.say([...path, '_config'], said)
      return
    }
    const config = own['config'] ?? {}
    if (isRecord(config)) own['config'] = { ...common, ...config }
  }
}

/** `snis: [a.example]` and `groups: [gold]`: a name alone is enough where there is only a name to say. */
function expandName(definition: EntityDefinition, field: string, value: Value): Value {
  if (definition.name === 'snis' && typeof value === 'string') return { name: value }
  if (definition.name !== 'consumer_group_consumers') return value
  const other = field === 'consumer' ? 'consumer_group' : 'consumer'
  if (typeof value === 'string') return { [other]: value }
  if (!isRecord(value) || Object.hasOwn(value, other)) return value
  return { [other]: value }
}

/** The name deck uses in `_info.defaults`. */
function singular(plural: string): string {
  return plural.endsWith('s') ? plural.slice(0, -1) : plural
}

function fillIn(own: RawRecord, defaults: RawRecord): void {
  for (const key of Object.keys(defaults)) {
    const mine = own[key]
    const theirs = defaults[key]!
    if (mine === undefined) own[key] = theirs
    else if (isRecord(mine) && isRecord(theirs)) {
      const copy = { ...mine }
      fillIn(copy, theirs)
      own[key] = copy
    }
  }
}

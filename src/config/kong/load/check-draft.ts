/** Validates one draft against the schema of its kind, or of the plugin it names. */
import type { AnyPlugin } from '../../../contract/plugin.ts'
import type { Field } from '../../../contract/schema.ts'
import { nearestWord, pathText, warning } from '../../problems.ts'
import { isRecord, type ValidateDoors, validate } from '../../validate.ts'
import { nestings } from '../schema/entities.ts'
import { BUNDLED, pluginSchema } from '../schema/plugin-schema.ts'
import type { Draft, Findings } from './draft.ts'
import { randomText } from './identity.ts'
import type { References } from './references.ts'
import type { Vaults } from './vault.ts'

export interface DraftTools {
  readonly findings: Findings
  readonly references: References
  readonly vaults: Vaults
  readonly plugins: ReadonlyMap<string, AnyPlugin>
  readonly transform: boolean
  readonly now: number
  random(count: number): Uint8Array
}

/** Vault references met: entity id → field path → reference. */
export type VaultReferences = Record<string, Record<string, string>>

/** Kong has none of this name either; Jaeger's collector takes what these two send. */
const JAEGER =
  "use 'opentelemetry' with traces_endpoint http://COLLECTOR:4318/v1/traces, " +
  "or 'zipkin' with http_endpoint http://COLLECTOR:9411/api/v2/spans"

export class DraftCheck {
  readonly vaultReferences: VaultReferences = {}
  readonly #tools: DraftTools
  readonly #pluginSchemas = new Map<string, Field>()

  constructor(tools: DraftTools) {
    this.#tools = tools
  }

  check(draft: Draft): void {
    const { definition, path, raw } = draft
    const { findings } = this.#tools
    const before = findings.errors
    definition.prepare?.(raw, (message, field) =>
      findings.say(field === undefined ? path : [...path, field], message),
    )
    const schema = definition.name === 'plugins' ? this.#pluginSchema(draft) : definition.schema
    if (schema === null) {
      draft.valid = false
      return
    }
    const checked = validate(schema, raw, this.#doors(draft), path)
    for (const each of checked.findings) findings.add(each)
    draft.entity = isRecord(checked.value) ? checked.value : {}
    draft.valid = findings.errors === before
    if (draft.valid) definition.finish?.(draft.entity, this.#tools)
  }

  /** Null when the plugin is not known: its config can't be judged then, so only the name is complained about. */
  #pluginSchema(draft: Draft): Field | null {
    const name = draft.raw['name']
    if (typeof name !== 'string' || name === '') return draft.definition.schema
    const known = this.#pluginSchemas.get(name)
    if (known !== undefined) return known
    const definition = this.#tools.plugins.get(name)
    if (definition === undefined) {
      this.#tools.findings.say([...draft.path, 'name'], this.#unknownPlugin(name))
      return null
    }
    const schema = pluginSchema(definition)
    this.#pluginSchemas.set(name, schema)
    return schema
  }

  #unknownPlugin(name: string): string {
    const said = `plugin '${name}' not enabled; add it to the 'plugins' configuration property`
    if (name === 'jaeger') return `${said} (${JAEGER})`
    if (BUNDLED.has(name)) return `${said} (Sluice does not have this plugin yet)`
    const meant = nearestWord(name, this.#tools.plugins.keys())
    return meant === null ? said : `${said} (did you mean '${meant}'?)`
  }

  #doors(draft: Draft): ValidateDoors {
    const { references, now, random } = this.#tools
    return {
      yamlBooleans: true,
      alsoKnown: alsoKnownIn(draft.definition.name),
      foreign: (field, value, name) => references.find(name, field, value),
      vault: (reference, path) => this.#fromVault(draft, reference, path),
      auto: (field) => {
        if (field.type === 'integer') return Math.floor(now)
        if (field.type === 'number') return Math.round(now * 1000) / 1000
        return field.uuid === true ? draft.id : randomText(random)
      },
    }
  }

  #fromVault(draft: Draft, reference: string, path: readonly (string | number)[]): string {
    const { text, missing } = this.#tools.vaults.resolve(reference)
    if (missing !== null) this.#tools.findings.add(warning(path, missing))
    const ofEntity = (this.vaultReferences[draft.id] ??= {})
    ofEntity[pathText(path.slice(draft.path.length))] = reference
    return text
  }
}

const alsoKnown = new Map<string, readonly string[]>()

/** What may be written in such an entity though its schema has no field of the name. */
function alsoKnownIn(entity: string): readonly string[] {
  let names = alsoKnown.get(entity)
  if (names === undefined) {
    names = [...(nestings.get(entity)?.keys() ?? []), ...(entity === 'services' ? ['url'] : [])]
    alsoKnown.set(entity, names)
  }
  return names
}

/** Puts checked drafts into the model. */
import type { Config, OtherEntity } from '../../model.ts'
import { entities } from '../schema/entities.ts'
import type { Draft } from './draft.ts'

/** Entities with a type of their own in the model; what is not here is one of the others. */
const TYPED = [
  'services',
  'routes',
  'upstreams',
  'targets',
  'consumers',
  'plugins',
  'certificates',
  'snis',
  'ca_certificates',
] as const

type Typed = (typeof TYPED)[number]

export const NO_HASH = '0'.repeat(32)

export function emptyConfig(): Config {
  return {
    hash: NO_HASH,
    services: [],
    routes: [],
    upstreams: [],
    targets: [],
    consumers: [],
    plugins: [],
    certificates: [],
    snis: [],
    ca_certificates: [],
    others: {},
    references: {},
  }
}

export function assemble(
  drafts: readonly Draft[],
  references: Record<string, Record<string, string>>,
): Config {
  const config = emptyConfig()
  config.references = references
  const lists = new Map<string, unknown[]>()
  for (const { name } of entities) {
    if (isTyped(name)) lists.set(name, config[name])
    else {
      const list: OtherEntity[] = []
      config.others[name] = list
      lists.set(name, list)
    }
  }
  // The schemas are what makes an entity the shape that the model declares: a test compares their field names.
  for (const draft of drafts) lists.get(draft.definition.name)?.push(draft.entity)
  return config
}

function isTyped(name: string): name is Typed {
  return TYPED.some((each) => each === name)
}

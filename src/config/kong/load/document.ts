/** The outermost record of a Kong file: its version, its sections, and what deck adds around them. */
import { s, type Value } from '../../../contract/schema.ts'
import { unknownField } from '../../problems.ts'
import { isRecord, validate } from '../../validate.ts'
import { entities, entityByName } from '../schema/entities.ts'
import type { RawRecord } from '../schema/entity.ts'
import type { Findings } from './draft.ts'

export interface KongDocument {
  /** Before 3.0 a route's path may be a regular expression without saying so. */
  readonly migrates: boolean
  readonly transform: boolean
  readonly sections: ReadonlyMap<string, Value[]>
  /** deck: tags every entity gets. */
  readonly selectTags: readonly Value[]
  /** deck: defaults by the singular name of an entity. */
  readonly defaults: RawRecord
  /** deck: plugin configurations that plugins refer to by `_config`. */
  readonly pluginConfigs: RawRecord
}

const VERSIONS = ['1.1', '2.1', '3.0']

const text = s.string({ len_min: 0 })

const HEAD_FIELDS = {
  _format_version: s.string({ required: true, one_of: VERSIONS }),
  _transform: s.boolean({ default: true }),
  _comment: text,
  _ignore: { type: 'array' },
  _workspace: text,
  _konnect: { type: 'map' },
  _plugin_configs: { type: 'map' },
  _info: s.record({ select_tags: s.array(s.string()), defaults: { type: 'map' } }),
} as const

const head = s.record(HEAD_FIELDS)

export function readDocument(value: Value, findings: Findings): KongDocument | null {
  if (!isRecord(value)) {
    findings.say([], 'expected a declarative configuration')
    return null
  }
  const headPart: RawRecord = {}
  const sections = new Map<string, Value[]>()
  for (const key of Object.keys(value)) {
    const member = value[key]!
    if (Object.hasOwn(HEAD_FIELDS, key)) headPart[key] = member
    else if (entityByName.has(key)) sections.set(key, section(key, member, findings))
    else findings.say([key], unknownField(key, topLevelNames()), 'key')
  }
  return documentOf(headPart, sections, findings)
}

function topLevelNames(): string[] {
  return [...Object.keys(HEAD_FIELDS), ...entities.map((definition) => definition.name)]
}

function section(name: string, value: Value, findings: Findings): Value[] {
  if (Array.isArray(value)) return value
  const isEmpty = value === null || (isRecord(value) && Object.keys(value).length === 0)
  if (!isEmpty) findings.say([name], 'expected an array')
  return []
}

function documentOf(
  raw: RawRecord,
  sections: ReadonlyMap<string, Value[]>,
  findings: Findings,
): KongDocument {
  const checked = validate(head, raw, { yamlBooleans: true })
  for (const each of checked.findings) findings.add(each)
  const fields = isRecord(checked.value) ? checked.value : {}
  const info = isRecord(fields['_info']) ? fields['_info'] : {}
  return {
    migrates: fields['_format_version'] === '1.1' || fields['_format_version'] === '2.1',
    transform: fields['_transform'] !== false,
    sections,
    selectTags: Array.isArray(info['select_tags']) ? info['select_tags'] : [],
    defaults: isRecord(info['defaults']) ? info['defaults'] : {},
    pluginConfigs: isRecord(fields['_plugin_configs']) ? fields['_plugin_configs'] : {},
  }
}

/** Makes the table of a plugin's configuration from its schema, and puts it into its README between two marks. */
import type { AnyPlugin } from '../../src/contract/plugin.ts'
import type { Field } from '../../src/contract/schema.ts'

const START = '<!-- config: made from the schema by `npm run gen` -->'
const END = '<!-- /config -->'

/** The README with its table made anew. Throws when it has no place for one. */
export function withConfigTable(readme: string, plugin: AnyPlugin): string {
  const start = readme.indexOf(START)
  const end = readme.indexOf(END)
  if (start < 0 || end < start) throw new Error(`${plugin.name}/README.md lacks "${START}" and "${END}"`)
  return `${readme.slice(0, start) + START}\n${makeConfigTable(plugin.schema)}\n${readme.slice(end)}`
}

/** One line a field; fields of records are named with dots. */
export function makeConfigTable(schema: Field): string {
  const rows = [...fieldsOf(schema, '')].map(([path, field]) => {
    const cells = [
      `\`${path}\``,
      typeOf(field),
      defaultOf(field),
      [...rulesOf(field)].join('; '),
      field.says ?? '',
    ]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  if (rows.length === 0) return 'It has nothing to configure.'
  return ['| field | type | default | rules | what it does |', '|---|---|---|---|---|', ...rows].join('\n')
}

function* fieldsOf(record: Field, prefix: string): Generator<[path: string, field: Field]> {
  for (const [name, field] of Object.entries(record.fields ?? {})) {
    yield [prefix + name, field]
    const inner = field.type === 'record' ? field : field.elements
    if (inner?.type === 'record') yield* fieldsOf(inner, `${prefix}${name}${field === inner ? '' : '[]'}.`)
  }
}

function typeOf(field: Field): string {
  if (field.type === 'array' || field.type === 'set')
    return `${field.type} of ${field.elements?.type ?? 'anything'}`
  if (field.type === 'map') return `map of ${field.values?.type ?? 'anything'}`
  return field.type
}

function defaultOf(field: Field): string {
  if (field.default === undefined || field.default === null)
    return field.required === true ? '**required**' : ''
  return `\`${JSON.stringify(field.default)}\``
}

function* rulesOf(field: Field): Generator<string> {
  const choice = field.one_of ?? field.elements?.one_of
  const between = field.between ?? field.elements?.between
  if (choice !== undefined) yield `one of ${choice.map((value) => `\`${value}\``).join(', ')}`
  if (between !== undefined) yield `${between[0]} to ${between[1]}`
  if (field.gt !== undefined) yield `above ${field.gt}`
  if (field.len_min !== undefined && field.len_min > 0) yield `at least ${field.len_min} long`
  if (field.len_max !== undefined) yield `at most ${field.len_max} long`
  if (field.starts_with !== undefined) yield `starts with \`${field.starts_with}\``
  if (field.referenceable === true) yield 'may be a vault reference'
}

/** The configuration of request-transformer: Kong's. */
import { type Infer, s, type Value } from '../../contract/schema.ts'
import { ConfiguredValue } from '../../transform/configured-value.ts'
import { colonProblem, headerProblem, headersProblem, splitPair, valueProblem } from '../../transform/pair.ts'

const list = (custom: ((value: Value) => string | null) | null, says: string) =>
  s.array(s.string(custom === null ? {} : { custom }), { required: true, default: [], says })

const pairFields = (verb: string) => ({
  body: list(checkValue, `\`name:value\` of members or fields that it ${verb}.`),
  headers: list(checkHeaderValue, `\`name:value\` of headers that it ${verb}.`),
  querystring: list(checkValue, `\`name:value\` of query arguments that it ${verb}.`),
})

export const schema = s.record({
  http_method: s.string({
    custom: checkMethod,
    says: 'What the target is asked with. With GET, HEAD and TRACE the fields of a form body join the query.',
  }),
  remove: s.record(
    {
      body: list(null, 'Names of members or fields that are taken out.'),
      headers: list(headerProblem, 'Names of headers that are taken out.'),
      querystring: list(null, 'Names of query arguments that are taken out.'),
    },
    { required: true },
  ),
  rename: s.record(
    {
      body: list(checkValue, '`old:new` names of members or fields.'),
      headers: list(checkHeaders, '`old:new` names of headers.'),
      querystring: list(checkValue, '`old:new` names of query arguments.'),
    },
    { required: true },
  ),
  replace: s.record(
    {
      ...pairFields('gives another value where they are there'),
      uri: s.string({
        says: 'The path that the target is asked for, in place of the computed one. The query stays.',
      }),
    },
    { required: true },
  ),
  add: s.record(pairFields('adds where they are not there'), { required: true }),
  append: s.record(pairFields('adds to those that are there'), { required: true }),
})

export type Config = Infer<typeof schema>

function checkMethod(value: Value): string | null {
  if (!/^[A-Z]+$/.test(String(value))) return `invalid value: ${String(value)}`
  return value === 'CONNECT' ? 'CONNECT asks for a tunnel, which the gateway does not open' : null
}

function checkHeaderValue(value: Value): string | null {
  return colonProblem(value) ?? headerProblem(value)
}

function checkHeaders(value: Value): string | null {
  return colonProblem(value) ?? headersProblem(value)
}

/** Kong reads templates here, but not those of headers and of the uri, which fail when they are used. */
function checkValue(entry: Value): string | null {
  const problem = valueProblem(entry)
  if (problem !== null) return problem
  const [, value] = splitPair(String(entry))
  const template = new ConfiguredValue(value, true).problem
  return template === '' ? null : `value '${value}' is not in supported format, error:${template}`
}

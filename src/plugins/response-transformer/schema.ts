/** The configuration of response-transformer: Kong's. */
import { type Infer, s, type Value } from '../../contract/schema.ts'
import { colonProblem, headerProblem, headersProblem } from '../../transform/pair.ts'

const pairs = (custom: (value: Value) => string | null, says: string) =>
  s.array(s.string({ custom }), { required: true, default: [], says })

function checkHeaderValue(value: Value): string | null {
  return colonProblem(value) ?? headerProblem(value)
}

function checkHeaders(value: Value): string | null {
  return colonProblem(value) ?? headersProblem(value)
}

const pairFields = (verb: string) => ({
  json: pairs(colonProblem, `\`name:value\` of members that it ${verb}.`),
  json_types: s.array(s.string({ one_of: ['boolean', 'number', 'string'] }), {
    required: true,
    default: [],
    says: 'The type of each value of `json`, in its order; string where it is missing.',
  }),
  headers: pairs(checkHeaderValue, `\`name:value\` of headers that it ${verb}.`),
})

export const schema = s.record({
  remove: s.record(
    {
      json: s.array(s.string(), {
        required: true,
        default: [],
        says: 'Names of members that are taken out.',
      }),
      headers: pairs(headerProblem, 'Names of headers that are taken out, however often they stand there.'),
    },
    { required: true },
  ),
  rename: s.record(
    {
      json: pairs(colonProblem, '`old:new` names of members.'),
      headers: pairs(checkHeaders, '`old:new` names of headers.'),
    },
    { required: true },
  ),
  replace: s.record(pairFields('gives another value where they are there'), { required: true }),
  add: s.record(pairFields('adds where they are not there'), { required: true }),
  append: s.record(pairFields('adds to those that are there'), { required: true }),
})

export type Config = Infer<typeof schema>

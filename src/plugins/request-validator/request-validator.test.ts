/** What request-validator lets pass, what it refuses and in which words, and what configurations it does not take. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AuthRig, makeIdentities } from '../../../test/kit/auth-rig.ts'
import { faults } from '../../base/faults.ts'
import { validate } from '../../config/validate.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { Offload } from '../../contract/machine/offload.ts'
import { DONE, NEXT, type Verdict, WAIT } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import requestValidator from './request-validator.ts'

const identities = makeIdentities({})
const JSON_HEAD = 'POST / HTTP/1.1\nHost: a\nContent-Type: application/json\n'

function open(config: Record<string, unknown>, offload?: Offload): AuthRig {
  const options = offload === undefined ? { identities } : { identities, offload }
  return new AuthRig(requestValidator, config as { [name: string]: Value }, options)
}

/** '' where it passes, else status and message. */
function outcome({ x, verdict }: { x: Exchange; verdict: Verdict | undefined }): string {
  if (verdict === NEXT) return ''
  assert.equal(verdict, DONE)
  const { message } = JSON.parse(Buffer.from(x.answerBody).toString()) as { message: string }
  return `${x.status} ${message}`
}

function judge(schema: unknown, body: string | Buffer, version = 'draft7'): string {
  const rig = open({ body_schema: JSON.stringify(schema), version, verbose_response: true })
  return outcome(rig.ask(JSON_HEAD, body))
}

const BODY = "400 request body doesn't conform to schema"
const PARAMETER = "400 request param doesn't conform to schema"
const TYPE = '415 specified Content-Type is not allowed'

test('a body that conforms passes, and one that does not is refused in the words of Kong', () => {
  const rig = open({ body_schema: '{"type":"object","required":["name"]}', version: 'draft4' })
  assert.equal(outcome(rig.ask(JSON_HEAD, '{"name":"jo"}')), '')
  for (const body of ['{}', '[]', '{"name"', ''] as const)
    assert.equal(outcome(rig.ask(JSON_HEAD, body)), BODY)
  assert.equal(outcome(rig.ask(JSON_HEAD)), BODY, 'no body at all')
})

test('verbose_response says what is wrong, and where', () => {
  const schema = { properties: { list: { items: { type: 'string' } } } }
  assert.equal(judge(schema, '{"list":["a",1]}'), `${BODY}: /list/1 must be string`)
  assert.equal(judge(schema, '{'), `${BODY}: it is not valid JSON`)
})

for (const [what, body, problem] of [
  ['two members of one name', '{"a":1,"b":{"a":2},"a":3}', 'an object has two members named "a"'],
  ['two members of one name, one escaped', '{"a":1,"\\u0061":3}', 'an object has two members named "a"'],
  ['NaN', '{"a":NaN}', 'it is not valid JSON'],
  ['a byte order mark', '\ufeff{}', 'it is not valid JSON'],
  ['what is no UTF-8', Buffer.from('{"a":"\xff"}', 'latin1'), 'it is not valid JSON'],
  ['1001 levels', '['.repeat(1001) + ']'.repeat(1001), 'it nests deeper than 1000'],
  ['a million levels', '['.repeat(30_000) + ']'.repeat(30_000), 'it nests deeper than 1000'],
] as const) {
  test(`a body with ${what} is refused`, () => assert.equal(judge({}, body), `${BODY}: ${problem}`))
}

test('values that repeat, names in other objects and 1000 levels are no fault', () => {
  for (const body of [
    '{"a":"a","b":{"a":["a","a"]},"c":[{"a":1},{"a":1}]}',
    '['.repeat(1000) + ']'.repeat(1000),
  ])
    assert.equal(judge({}, body), '')
})

test('a number too large to be read is none', () => {
  for (const type of ['integer', 'number'])
    assert.equal(judge({ properties: { a: { type } } }, '{"a":1e400}'), `${BODY}: /a must be ${type}`)
  assert.equal(judge({ properties: { a: { type: 'integer' } } }, '{"a":1e300}'), '')
})

test('members that objects inherit are neither there nor looked at', () => {
  assert.match(judge({ required: ['toString'] }, '{}'), /required property 'toString'/)
  assert.equal(judge({ properties: { constructor: { type: 'string' } } }, '{}'), '')
  assert.match(judge({ additionalProperties: false }, '{"__proto__":1}'), /additional properties/)
})

for (const [version, schema, good, bad] of [
  ['draft4', { minimum: 1, exclusiveMinimum: true }, '2', '1'],
  ['draft4', { minimum: 1, exclusiveMinimum: false }, '1', '0'],
  [
    'draft4',
    { id: 'http://a.test/s', definitions: { n: { type: 'null' } }, $ref: '#/definitions/n', const: 1 },
    'null',
    '1',
  ],
  ['draft4', { const: 1, type: 'integer' }, '2', '"1"'],
  ['draft6', { exclusiveMinimum: 1, if: false, else: false }, '2', '1'],
  ['draft7', { if: { const: 1 }, else: false }, '1', '2'],
  ['draft201909', { dependentRequired: { a: ['b'] } }, '{"a":1,"b":1}', '{"a":1}'],
  ['draft201909', { properties: { a: {} }, unevaluatedProperties: false }, '{"a":1}', '{"b":1}'],
  ['draft202012', { prefixItems: [{ type: 'string' }] }, '["a"]', '[1]'],
  ['draft202012', { $defs: { n: { type: 'null' } }, $ref: '#/$defs/n' }, 'null', '1'],
  ['draft7', { uniqueItems: true }, '[1,"1",{"a":1,"b":2},[1]]', '[{"a":1,"b":2},{"b":2,"a":1}]'],
  ['draft7', { pattern: '^[a-z]+\\d{2}$' }, '"ab12"', '"ab1"'],
  ['draft7', { format: 'email' }, '"a@b.test"', '"a"'],
  ['draft7', { format: 'date-time' }, '"2024-01-01T00:00:00Z"', '"yesterday"'],
  ['draft7', { format: 'uuid' }, '"6f1ed002-ab5c-4a4c-9d8a-1f0f7f2f6f5e"', '"6f1ed002"'],
  ['kong', [{ name: { type: 'string', required: true } }], '{"name":"jo"}', '{}'],
  ['kong', [{ name: { type: 'string' } }], '{"name":null}', '{"name":""}'],
  ['kong', [{ age: { type: 'integer', between: [1, 9] } }], '{"age":9}', '{"age":10}'],
  ['kong', [{ age: { type: 'integer' } }], '{}', '{"size":1}'],
  [
    'kong',
    [{ at: { type: 'record', fields: [{ x: { type: 'number', required: true } }] } }],
    '{"at":{"x":1}}',
    '{"at":{}}',
  ],
  [
    'kong',
    [{ tags: { type: 'set', elements: { type: 'string', one_of: ['a', 'b'] } } }],
    '{"tags":["a","b"]}',
    '{"tags":["a","a"]}',
  ],
  [
    'kong',
    [{ m: { type: 'map', keys: { type: 'string', len_max: 1 }, values: { type: 'boolean' } } }],
    '{"m":{"a":true}}',
    '{"m":{"ab":true}}',
  ],
] as const) {
  test(`${version}: ${JSON.stringify(schema)} takes ${good} and refuses ${bad}`, () => {
    assert.equal(judge(schema, good, version), '')
    assert.ok(judge(schema, bad, version).startsWith(BODY), bad)
  })
}

for (const [field, config, problem] of [
  ['body_schema', { body_schema: '{"type":', version: 'draft7' }, /^body_schema: it is not valid JSON/],
  ['body_schema', { body_schema: '{"type":"strin"}', version: 'draft7' }, /^body_schema: schema is invalid/],
  [
    'body_schema',
    { body_schema: '{"$ref":"http://a.test/b"}', version: 'draft7' },
    /^body_schema: can't resolve reference/,
  ],
  [
    'body_schema',
    { body_schema: '{"pattern":"(?=a)"}', version: 'draft7' },
    /^body_schema: pattern "\(\?=a\)" cannot be used/,
  ],
  [
    'body_schema',
    { body_schema: '{"pattern":"(a{1000}){1000}"}', version: 'draft7' },
    /^body_schema: pattern/,
  ],
  ['body_schema', { body_schema: '{"exclusiveMinimum":1}', version: 'draft4' }, /true or false in draft 4/],
  [
    'body_schema',
    { body_schema: '[{"a":{"type":"string","match":"%d"}}]' },
    /^body_schema: a: 'match' takes Lua patterns/,
  ],
  ['body_schema', { body_schema: '[{"a":{"type":"strange"}}]' }, /^body_schema: a: no such type: "strange"/],
  [
    'body_schema',
    { body_schema: `${'{"not":'.repeat(200)}{}${'}'.repeat(200)}`, version: 'draft7' },
    /nests deeper/,
  ],
  [
    'parameter_schema',
    { parameter_schema: [{ in: 'query', name: 'p', style: 'form', explode: true, schema: '{}' }] },
    /parameter_schema\[1\]\.schema \(query 'p'\): it must have a top-level 'type'/,
  ],
  ['no schema', {}, /at least one of these fields must be non-empty: 'body_schema', 'parameter_schema'/],
  [
    'a style without a schema',
    { parameter_schema: [{ in: 'query', name: 'p', style: 'form' }] },
    /all or none of these fields must be set: 'style', 'explode', 'schema'/,
  ],
  [
    'a style elsewhere',
    {
      parameter_schema: [
        { in: 'path', name: 'p', style: 'form', explode: true, schema: '{"type":"string"}' },
      ],
    },
    /style 'form' not supported 'path' parameter/,
  ],
] as const) {
  test(`${field}: ${JSON.stringify(config).slice(0, 90)} is refused at load`, () => {
    const { findings } = validate(requestValidator.schema, config as unknown as Value)
    assert.ok(
      findings.some(({ message }) => problem.test(message)),
      JSON.stringify(findings),
    )
  })
}

for (const [allowed, given, passes, counts] of [
  ['application/json', 'APPLICATION/JSON', true, true],
  ['application/json', 'application/json; charset=utf-8', false, true],
  ['application/json', 'application/json; charset=utf-8', true, false],
  ['application/json; charset=UTF-8', 'application/json;Charset="utf-8"; x=y', true, true],
  ['application/json; charset=UTF-8', 'application/json', false, true],
  ['application/json', 'text/plain', false, false],
  ['application/json', '', false, true],
] as const) {
  test(`of ${allowed}, ${given === '' ? 'nothing' : given} ${passes ? 'is' : 'is not'} allowed (${counts ? 'with' : 'without'} parameters)`, () => {
    const rig = open({
      body_schema: '{}',
      version: 'draft7',
      allowed_content_types: [allowed],
      content_type_parameter_validation: counts,
    })
    assert.equal(
      outcome(rig.ask(`POST / HTTP/1.1\nHost: a\nContent-Type: ${given}\n`, '{}')),
      passes ? '' : TYPE,
    )
  })
}

test('without a Content-Type a body is read as JSON, and two of them are one too many', () => {
  const rig = open({ body_schema: '{"type":"array"}', version: 'draft7' })
  assert.equal(outcome(rig.ask('POST / HTTP/1.1\nHost: a\n', '[]')), '')
  assert.equal(outcome(rig.ask('POST / HTTP/1.1\nHost: a\n', '{}')), BODY)
  assert.equal(outcome(rig.ask(`${JSON_HEAD}Content-Type: application/json\n`, '[]')), TYPE)
})

test('a type that is allowed and is not JSON passes unread; a charset that is not UTF-8 does not conform', () => {
  const rig = open({
    body_schema: '{}',
    version: 'draft7',
    allowed_content_types: ['text/plain', 'application/json'],
    content_type_parameter_validation: false,
  })
  assert.equal(outcome(rig.ask('POST / HTTP/1.1\nHost: a\nContent-Type: text/plain\n', 'no JSON')), '')
  const head = 'POST / HTTP/1.1\nHost: a\nContent-Type: application/json; charset=utf-16\n'
  assert.equal(outcome(rig.ask(head, '{}')), BODY)
})

type Place = 'query' | 'header' | 'path'

function parameter(place: Place, style: string, explode: boolean, schema: object): AuthRig {
  const config = { in: place, name: 'p', required: true, style, explode, schema: JSON.stringify(schema) }
  return open({ parameter_schema: [config], version: 'draft7', verbose_response: true })
}

function give(rig: AuthRig, place: Place, text: string): string {
  const target = place === 'query' ? `/?${text}` : '/'
  const x = rig.ask(`GET ${target} HTTP/1.1\nHost: a\n${place === 'header' ? `P: ${text}\n` : ''}`)
  if (place !== 'path') return outcome(x)
  x.x.captures = { numbered: [], named: { p: text } }
  return outcome({ x: x.x, verdict: rig.handler.onRequest?.(x.x) })
}

const integer = { type: 'integer' }
const numbers = { type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 2 }
const point = {
  type: 'object',
  properties: { x: { type: 'integer' }, y: { $ref: '#/$defs/y' } },
  required: ['x', 'y'],
  $defs: { y: { type: 'boolean' } },
}

for (const [place, style, explode, schema, good, bad] of [
  ['query', 'form', true, integer, 'p=5', 'p=0x5'],
  ['query', 'form', true, integer, 'a&p=-5&b', 'p=5&p=6'],
  ['query', 'form', true, numbers, 'p=1&p=2', 'p=1,2'],
  ['query', 'form', false, numbers, 'p=1,2', 'p=1%2C2'],
  ['query', 'spaceDelimited', false, numbers, 'p=1%202', 'p=1,2'],
  ['query', 'spaceDelimited', false, numbers, 'p=1+2', 'p=1'],
  ['query', 'pipeDelimited', false, numbers, 'p=1|2', 'p=1%207'],
  ['query', 'pipeDelimited', false, numbers, 'p=1%7C2', 'p=1|2|3'],
  ['query', 'form', true, point, 'x=1&y=true', 'x=1&y=yes'],
  ['query', 'form', false, point, 'p=x,1,y,false', 'p=x,1,y'],
  ['query', 'deepObject', true, point, 'p[x]=1&p%5By%5D=true', 'p[x]=1'],
  ['query', 'deepObject', true, point, 'p[y]=true&p[x]=1', 'p[x]=1&p[x]=2&p[y]=true'],
  ['header', 'simple', false, integer, '5', 'five'],
  ['header', 'simple', false, numbers, '1, 2', '1,b'],
  ['header', 'simple', true, point, 'x=1,y=true', 'x,1,y,true'],
  ['header', 'simple', false, point, 'x,1,y,true', 'x=1,y=true'],
  ['path', 'simple', false, integer, '5', '5%20'],
  ['path', 'simple', false, numbers, '1,2', '1;2'],
  ['path', 'label', false, integer, '.5', '5'],
  ['path', 'label', true, numbers, '.1.2', '.1,2'],
  ['path', 'label', true, point, '.x=1.y=true', '.x.1.y.true'],
  ['path', 'matrix', false, integer, ';p=5', ';q=5'],
  ['path', 'matrix', false, numbers, ';p=1,2', ';p=1;p=2'],
  ['path', 'matrix', true, numbers, ';p=1;p=2', ';p=1,2'],
  ['path', 'matrix', true, point, ';x=1;y=true', ';p=x,1,y,true'],
  ['path', 'matrix', false, point, ';p=x,1,y,true', ';x=1;y=true'],
] as const) {
  test(`${place}, ${style}${explode ? ', exploded' : ''}: a ${schema.type} is ${good} and not ${bad}`, () => {
    const rig = parameter(place, style, explode, schema)
    assert.equal(give(rig, place, good), '')
    assert.match(give(rig, place, bad), new RegExp(`^400 ${place} 'p' validation failed, \\[error\\] \\S`))
  })
}

test('a parameter that is required and is not there is refused; one that is not required may be absent', () => {
  for (const [required, expected] of [
    [true, PARAMETER],
    [false, ''],
  ] as const)
    for (const place of ['query', 'header', 'path']) {
      const rig = open({ parameter_schema: [{ in: place, name: 'p', required }] })
      assert.equal(outcome(rig.ask('GET /?q=1 HTTP/1.1\nHost: a\n')), expected)
    }
})

const LARGE = `[${'1,'.repeat(40_000)}1]`

test('a large body is checked by another thread, and the request waits for what that says', () => {
  const given: { schema: string; version: string; body: Uint8Array }[] = []
  let tell: (problem: string | null, failure: string) => void = () => {}
  const offload: Offload = {
    task: (_, name) => ({
      run: (input, done) => {
        assert.equal(name, 'check-body')
        given.push(input as (typeof given)[0])
        tell = done as typeof tell
        return true
      },
    }),
  }
  const rig = open({ body_schema: '{"type":"array"}', version: 'draft7' }, offload)
  const said: string[] = []
  for (const [problem, failure, expected] of [
    ['', '', 'resume'],
    ['no', '', `finish 400`],
    [null, 'boom', `finish 0 ${faults.PLUGIN_FAILED.code}`],
  ] as const) {
    const { x, verdict } = rig.ask(JSON_HEAD, LARGE)
    assert.equal(verdict, WAIT)
    x.flow = { resume: () => void said.push('resume'), finish: () => void said.push(`finish ${x.status}`) }
    tell(problem, failure)
    assert.ok(expected.startsWith(said.pop() ?? 'nothing'), expected)
    assert.equal(x.fault === faults.PLUGIN_FAILED, problem === null)
  }
  assert.equal(given[0]?.body.length, LARGE.length)
})

test('where that thread has too much to do, a large body is refused with 503', () => {
  const { x, verdict } = open({ body_schema: '{}', version: 'draft7' }).ask(JSON_HEAD, LARGE)
  assert.deepEqual([verdict, x.fault.code, x.faultStatus], [DONE, 'TASKS_FULL', 503])
})

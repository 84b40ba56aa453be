/**
 * validator — what request-validator adds to a request: bodies of some sizes, and parameters of the query.
 *
 *     node dist/bench/micro/plugins/validator.bench.js
 *
 * JSON.parse of the same body is the first case of each group: whoever checks a body has to read it. Bodies above 64
 * KiB are another thread's, and not measured here.
 */
import { validate } from '../../../src/config/validate.ts'
import { type Handler, NEXT } from '../../../src/contract/plugin.ts'
import type { Value } from '../../../src/contract/schema.ts'
import requestValidator from '../../../src/plugins/request-validator/request-validator.ts'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import type { Bench, Case } from '../frame/bench.ts'
import { runAlone } from '../frame/run.ts'

const SCHEMA = {
  type: 'array',
  items: {
    type: 'object',
    required: ['id', 'name'],
    additionalProperties: false,
    properties: {
      id: { type: 'integer', minimum: 1 },
      name: { type: 'string', maxLength: 40, pattern: '^[a-z ]+$' },
      tags: { type: 'array', items: { type: 'string' } },
    },
  },
}
const ITEM = { id: 7, name: 'a thing', tags: ['one', 'two'] }
const COUNTS = [1, 20, 1000]
const INTEGER = '{"type":"integer"}'

export const bench: Bench = {
  name: 'validator',
  says: 'what request-validator adds to a request',
  groups: [
    ...COUNTS.map((count) => ({ name: `a body of ${sizeOf(count)} bytes`, open: () => openBody(count) })),
    { name: 'parameters', open: openParameters },
  ],
}

function bodyOf(count: number): Buffer {
  return Buffer.from(JSON.stringify(new Array(count).fill(ITEM)))
}

function sizeOf(count: number): number {
  return bodyOf(count).length
}

function openBody(count: number): Case[] {
  const body = bodyOf(count)
  const x = exchangeOf('POST / HTTP/1.1\nHost: a\nContent-Type: application/json\n')
  x.requestBody = body
  const handler = build({ version: 'draft7', body_schema: JSON.stringify(SCHEMA) })
  const parse = (times: number): number => {
    let sum = 0
    for (let i = 0; i < times; i++) sum += (JSON.parse(body.toString()) as unknown[]).length
    return sum
  }
  return [
    { name: 'JSON.parse', run: parse },
    { name: 'request-validator', run: (times) => ask(handler, x, times) },
  ]
}

function openParameters(): Case[] {
  const x = exchangeOf('GET /orders?page=3&size=20&sort=name HTTP/1.1\nHost: a\n')
  const names = ['page', 'size']
  const fields = { in: 'query', required: true, style: 'form', explode: true, schema: INTEGER }
  const handlers = names.map((_, i) =>
    build({ parameter_schema: names.slice(0, i + 1).map((name) => ({ ...fields, name })) }),
  )
  return handlers.map((handler, i) => ({
    name: `${i + 1} of the query`,
    run: (times: number) => ask(handler, x, times),
  }))
}

function build(config: object): Handler {
  const { value, findings } = validate(requestValidator.schema, config as Value)
  if (findings.length > 0) throw new Error(JSON.stringify(findings))
  const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
  // Its config has just passed its own schema.
  return requestValidator.build(value as never, makeHost(), scope)
}

function ask(handler: Handler, x: ReturnType<typeof exchangeOf>, times: number): number {
  let passed = 0
  for (let i = 0; i < times; i++) if (handler.onRequest!(x) === NEXT) passed++
  if (passed !== times) throw new Error('a request that conforms was refused')
  return passed
}

await runAlone(bench, import.meta.url)

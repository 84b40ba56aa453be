/** What clients and targets see of request-validator, on both engines; large bodies go through the real thread. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sluice } from '../kit/command.ts'
import { eachEngine, type Rig } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import type { Message } from '../kit/message.ts'

const BODY = JSON.stringify({
  type: 'object',
  required: ['item'],
  properties: { item: { type: 'string' }, list: { type: 'array', items: { type: 'integer' } } },
})
const PAGE = {
  in: 'query',
  name: 'page',
  required: false,
  style: 'form',
  explode: true,
  schema: '{"type":"integer"}',
}
const ID = {
  in: 'path',
  name: 'id',
  required: true,
  style: 'simple',
  explode: false,
  schema: '{"type":"integer"}',
}

const CONFIGS: Record<string, object> = {
  body: { body_schema: BODY, version: 'draft7' },
  kong: { body_schema: '[{"item":{"type":"string","required":true}}]' },
  page: { parameter_schema: [PAGE], verbose_response: true },
}

function config(port: number): string {
  const routes = Object.entries(CONFIGS).map(([name, fields]) => ({
    name,
    paths: [`/${name}`],
    plugins: [{ name: 'request-validator', config: fields }],
  }))
  const user = {
    name: 'user',
    paths: ['~/users/(?<id>[^/]+)$'],
    plugins: [{ name: 'request-validator', config: { parameter_schema: [ID] } }],
  }
  return kongYml({ services: [{ name: 'target', host: '127.0.0.1', port, routes: [...routes, user] }] })
}

function post(rig: Rig, path: string, body: string, type = 'application/json'): Promise<Message> {
  const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\n`
  return rig.ask(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`, 'POST')
}

function messageOf(answer: Message): [number, string] {
  return [answer.status, (JSON.parse(answer.text) as { message: string }).message]
}

eachEngine('request-validator', { config }, (check) => {
  check('what conforms reaches the target as it came, what does not is answered here', async (rig) => {
    assert.equal((await post(rig, '/body', '{"item": "a"}')).status, 200)
    assert.equal((await rig.target.calls[0]?.body())?.toString(), '{"item": "a"}')
    rig.target.forget()
    const refused = await post(rig, '/body', '{"item": 1}')
    assert.deepEqual(messageOf(refused), [400, "request body doesn't conform to schema"])
    assert.deepEqual(messageOf(await post(rig, '/kong', '{"itm": 1}'))[0], 400)
    const wrongType = await post(rig, '/body', '{"item": "a"}', 'text/plain')
    assert.deepEqual(messageOf(wrongType), [415, 'specified Content-Type is not allowed'])
    assert.deepEqual(rig.target.requests, [])
  })

  check('a large body is checked too, and others are served meanwhile', async (rig) => {
    const large = (last: string) => `{"item":"a","list":[${'1,'.repeat(100_000)}${last}]}`
    const [good, bad, small] = await Promise.all([
      post(rig, '/body', large('2')),
      post(rig, '/body', large('"2"')),
      post(rig, '/body', '{"item": "a"}'),
    ])
    assert.deepEqual([good.status, bad.status, small.status], [200, 400, 200])
  })

  check('a body of more than 1 MiB is refused with 413', async (rig) => {
    const head =
      'POST /body HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1048577\r\n\r\n'
    assert.equal((await rig.ask(head, 'POST')).status, 413)
  })

  check('parameters of the query and of the path are held against their schemas', async (rig) => {
    const get = (path: string) => rig.ask(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
    for (const path of ['/page?page=2', '/page', '/users/42'])
      assert.equal((await get(path)).status, 200, path)
    assert.deepEqual(messageOf(await get('/page?page=two')), [
      400,
      "query 'page' validation failed, [error] must be integer",
    ])
    assert.deepEqual(messageOf(await get('/users/jo')), [400, "request param doesn't conform to schema"])
  })
})

test('a schema that is wrong is refused when the configuration is checked, with its field', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-schema-'))
  const file = join(folder, 'kong.yml')
  const plugin = { name: 'request-validator', config: { version: 'draft7', body_schema: '{"type":"strin"}' } }
  writeFileSync(file, kongYml({ plugins: [plugin] }))
  const ran = await sluice(['check', file])
  rmSync(folder, { recursive: true })
  assert.notEqual(ran.code, 0)
  assert.match(ran.out + ran.err, /body_schema: schema is invalid/)
})

/** What key-auth lets pass, where it looks for a key, what it takes out, and what it says to whom it refuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AuthRig, identityOf, makeIdentities, targetOf } from '../../../test/kit/auth-rig.ts'
import { validate } from '../../config/validate.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE, NEXT } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import { addField, getField, listFields } from '../../http1/fields.ts'
import keyAuth from './key-auth.ts'

const KEY = 's3cret-of-jo'
const identities = makeIdentities({
  keyauth_credentials: [
    { consumer: 'id-of-jo', key: KEY },
    { consumer: 'id-of-ed', key: 'ä b&c=d' },
    { consumer: 'id-of-ed', key: 'short-lived', ttl: 60 },
    { consumer: 'id-of-ed', key: 'for-ever', ttl: 0 },
  ],
})
const NONE = 'No API key found in request'
const WRONG = 'Unauthorized'
const TWICE = 'Duplicate API key found'

test('a key that a consumer has lets the request pass, and the target knows whose it is', () => {
  const { x, verdict } = ask(`GET / HTTP/1.1\nHost: a\nApiKey: ${KEY}\nX-Consumer-ID: forged\n`)
  assert.equal(verdict, NEXT)
  assert.deepEqual(identityOf(x), {
    'X-Consumer-ID': 'id-of-jo',
    'X-Consumer-Custom-ID': '42',
    'X-Consumer-Username': 'jo',
    'X-Credential-Identifier': 'keyauth_credentials-0',
  })
  assert.deepEqual([x.consumer?.username, x.credentialId], ['jo', 'keyauth_credentials-0'])
  assert.equal(getField(x.request, 'apikey'), KEY, 'it stays unless it is to be hidden')
})

for (const [what, lines, text] of [
  ['no key', '', NONE],
  ['an empty key', 'apikey:\n', NONE],
  ['a key nobody has', 'apikey: another\n', WRONG],
  ['a key in another case', `apikey: ${KEY.toUpperCase()}\n`, WRONG],
  ['a key with more behind it', `apikey: ${KEY}x\n`, WRONG],
  ['a very long key', `apikey: ${KEY.repeat(1000)}\n`, WRONG],
  ['two keys', `apikey: ${KEY}\napikey: ${KEY}\n`, TWICE],
] as const) {
  test(`${what} is refused with 401, "${text}" and a challenge`, () => {
    const { x, verdict } = ask(`GET / HTTP/1.1\nHost: a\n${lines}`)
    assert.deepEqual([verdict, x.faultStatus, x.faultText], [DONE, 401, text])
    assert.equal(getField(x.response, 'www-authenticate'), 'Key')
    assert.equal(x.consumer, null)
  })
}

test('the challenge names the realm', () => {
  const { x } = ask('GET / HTTP/1.1\nHost: a\n', { realm: 'shop' })
  assert.equal(getField(x.response, 'www-authenticate'), 'Key realm="shop"')
})

test('a realm of any text makes a challenge: quotes are escaped, what is beyond ASCII goes as UTF-8', () => {
  const { x } = ask('GET / HTTP/1.1\nHost: a\n', { realm: 'a "b" \\ 鍵\n' })
  const value = Buffer.from(getField(x.response, 'www-authenticate') ?? '', 'latin1').toString()
  assert.equal(value, 'Key realm="a \\"b\\" \\\\ 鍵%0A"')
})

for (const [target, outcome] of [
  [`/?apikey=${KEY}`, 'jo'],
  [`/?a=1&apikey=${KEY}&b`, 'jo'],
  ['/?%61pikey=s3cret%2Dof-jo', 'jo'],
  ['/?apikey=%C3%A4+b%26c=d', 'ed'],
  ['/?apikey', NONE],
  ['/?apikey=', NONE],
  [`/?ApiKey=${KEY}`, NONE],
  // The longest key there is, and more.
  [`/?apikey=${KEY}x`, WRONG],
  [`/?xapikey=${KEY}&apikeyx=${KEY}`, NONE],
  [`/?apikey=${KEY}&apikey=${KEY}`, TWICE],
  [`/?apikey&apikey=${KEY}`, TWICE],
  [`/?apikey=${'%41'.repeat(2000)}`, WRONG],
] as const) {
  test(`the query of ${target.slice(0, 40)} comes to: ${outcome}`, () => {
    assert.equal(outcomeOf(ask(`GET ${target} HTTP/1.1\nHost: a\n`)), outcome)
  })
}

test('the header wins over the query, and an empty one too', () => {
  const target = `GET /?apikey=${KEY} HTTP/1.1\nHost: a\n`
  assert.equal(outcomeOf(ask(`${target}apikey: wrong\n`)), WRONG)
  assert.equal(outcomeOf(ask(`${target}apikey:\n`)), NONE)
})

test('names are tried in order, and the first that has a key decides', () => {
  const config = { key_names: ['X-First', 'second_name'] }
  const outcome = (lines: string) => outcomeOf(ask(`GET /?X-First HTTP/1.1\nHost: a\n${lines}`, config))
  assert.equal(outcome(`second_name: ${KEY}\n`), 'jo')
  assert.equal(outcome(`Second-Name: ${KEY}\n`), 'jo', 'an underscore also means a dash')
  assert.equal(outcome(`x-first: wrong\nsecond_name: ${KEY}\n`), WRONG)
  assert.equal(outcome(`apikey: ${KEY}\n`), NONE)
})

test('it looks only where it is told to', () => {
  const header = `GET / HTTP/1.1\nHost: a\napikey: ${KEY}\n`
  const query = `GET /?apikey=${KEY} HTTP/1.1\nHost: a\n`
  assert.equal(outcomeOf(ask(header, { key_in_header: false })), NONE)
  assert.equal(outcomeOf(ask(query, { key_in_query: false })), NONE)
  const form = 'POST / HTTP/1.1\nHost: a\nContent-Type: application/x-www-form-urlencoded\n'
  assert.equal(outcomeOf(ask(form, {}, `apikey=${KEY}`)), NONE)
  assert.equal(open({}).handler.requestBodyMax, 0)
  assert.equal(open({ key_in_body: true }).handler.requestBodyMax, 1024 * 1024)
})

test('a key that an earlier plugin has put into a header counts', () => {
  const rig = open({})
  const { x } = rig.ask('GET / HTTP/1.1\nHost: a\n')
  addField(x.request, 'ApiKey', KEY)
  assert.equal(rig.handler.onRequest?.(x), NEXT)
})

test('keys that a client and a plugin have put into one header are several', () => {
  const rig = open({})
  for (const [lines, count] of [
    [`apikey: ${KEY}\n`, 1],
    ['', 2],
  ] as const) {
    const { x } = rig.ask(`GET / HTTP/1.1\nHost: a\n${lines}`)
    for (let i = 0; i < count; i++) addField(x.request, 'ApiKey', KEY)
    assert.equal(rig.handler.onRequest?.(x), DONE)
    assert.equal(x.faultText, TWICE)
  }
})

const FORM = 'application/x-www-form-urlencoded'
const JSON_TYPE = 'application/json; charset=utf-8'
const PARTS = 'multipart/form-data; boundary="b-1"'

function parts(...named: [string, string][]): string {
  const text = named.map(([name, value]) => {
    return `--b-1\r\nContent-Disposition: form-data; filename="name=apikey"; name="${name}"\r\n\r\n${value}\r\n`
  })
  return `${text.join('')}--b-1--\r\n`
}

/** Content type, body, what it comes to, and what is left of the body once the key is hidden. */
const BODIES: readonly (readonly [type: string, body: string, outcome: string, left: string])[] = [
  [FORM, `a=1&apikey=${KEY}&b=2`, 'jo', 'a=1&b=2'],
  [FORM, `%61pikey=${KEY}`, 'jo', ''],
  [FORM, `apikey=${KEY}&apikey=x`, TWICE, ''],
  [FORM, 'apikey', NONE, ''],
  [
    JSON_TYPE,
    `{"a": 1e400, "apikey": "${KEY}", "b": [{"apikey": "x"}]}`,
    'jo',
    '{"a": 1e400,"b": [{"apikey": "x"}]}',
  ],
  [JSON_TYPE, `{"\\u0061pikey":"${KEY}","apikey":"${KEY}"}`, 'jo', '{}'],
  [JSON_TYPE, '{"apikey":["a"]}', TWICE, ''],
  [JSON_TYPE, '{"apikey":5}', NONE, ''],
  [JSON_TYPE, `["apikey","${KEY}"]`, NONE, ''],
  [JSON_TYPE, `{"apikey":"${KEY}"`, NONE, ''],
  [JSON_TYPE, 'null', NONE, ''],
  [PARTS, parts(['a', '1'], ['apikey', KEY], ['b', '2']), 'jo', parts(['a', '1'], ['b', '2'])],
  [PARTS, parts(['apikey', KEY]), 'jo', parts()],
  [PARTS, parts(['apikey', KEY], ['apikey', KEY]), TWICE, ''],
  [PARTS, parts(['name', 'apikey']), NONE, ''],
  [PARTS, `--b-1\r\nContent-Disposition: form-data; name=apikey\r\n\r\n${KEY}`, NONE, ''],
  ['multipart/form-data', parts(['apikey', KEY]), NONE, ''],
  ['text/plain', `apikey=${KEY}`, NONE, ''],
]

for (const [type, body, outcome, left] of BODIES) {
  test(`a body of ${type.slice(0, 19)} that is ${JSON.stringify(body).slice(0, 60)} comes to: ${outcome}`, () => {
    const head = `POST / HTTP/1.1\nHost: a\nContent-Type: ${type}\n`
    const config = { key_in_body: true, hide_credentials: true }
    const asked = ask(head, config, body)
    assert.equal(outcomeOf(asked), outcome)
    if (asked.verdict === NEXT) assert.equal(asked.x.requestBody?.toString(), left)
  })
}

test('hidden keys are taken out of header, query and body alike, and nothing else is', () => {
  const config = { key_in_body: true, hide_credentials: true }
  const head = `POST /p?a=1&apikey=x&b=2 HTTP/1.1\nHost: a\nApiKey: ${KEY}\nX-Else: 1\nContent-Type: ${FORM}\n`
  const { x, verdict } = ask(head, config, 'c=3&apikey=y')
  assert.equal(verdict, NEXT)
  assert.equal(targetOf(x), '/p?a=1&b=2')
  assert.equal(x.requestBody?.toString(), 'c=3')
  assert.equal(getField(x.request, 'apikey'), null)
  assert.equal(getField(x.request, 'x-else'), '1')
})

test('a body in which no key is hidden stays byte for byte', () => {
  for (const [type, body] of [
    [JSON_TYPE, '{ "a" : 1.0 }'],
    [PARTS, 'no parts'],
    [FORM, 'a=%31&&b'],
    [FORM, '&a=1&'],
    [FORM, '&'],
  ] as const) {
    const head = `POST / HTTP/1.1\nHost: a\napikey: ${KEY}\nContent-Type: ${type}\n`
    const { x } = ask(head, { key_in_body: true, hide_credentials: true }, body)
    assert.equal(x.requestBody?.toString(), body)
  }
})

test('what of a JSON body is no valid UTF-8 stays as it came', () => {
  const body = Buffer.from(`{"a":"\xff\xc3","apikey":"${KEY}","b":"\xe4"}`, 'latin1')
  const asked = open({ key_in_body: true, hide_credentials: true })
  const { x, verdict } = asked.ask(`POST / HTTP/1.1\nHost: a\nContent-Type: ${JSON_TYPE}\n`, body)
  assert.equal(verdict, NEXT)
  assert.equal(x.requestBody?.toString('latin1'), '{"a":"\xff\xc3","b":"\xe4"}')
})

test('a body is read once, however many names a key may have, and anew for each request', (t) => {
  const reading = t.mock.method(JSON, 'parse')
  const rig = open({ key_in_body: true, hide_credentials: true, key_names: ['a', 'b', 'c', 'apikey'] })
  const head = `POST / HTTP/1.1\nHost: a\nContent-Type: ${JSON_TYPE}\n`
  const body = `{"apikey":"${KEY}"}`
  assert.equal(outcomeOf(rig.ask(head, body)), 'jo')
  assert.equal(reading.mock.calls.filter((call) => call.arguments[0] === body).length, 1)
  assert.equal(outcomeOf(rig.ask(head, '{"apikey":"for-ever"}')), 'ed')
  assert.equal(outcomeOf(rig.ask(head, '{}')), NONE)
})

test('keys that stand twice are hidden as well, from whoever goes on as anonymous', () => {
  const config = { anonymous: 'guest', hide_credentials: true, key_in_body: true }
  const head = `POST /?a=1&apikey=${KEY}&apikey=x HTTP/1.1\nHost: a\nContent-Type: ${FORM}\n`
  const { x, verdict } = ask(head, config, `apikey=${KEY}&apikey=y&b`)
  assert.equal(verdict, NEXT)
  assert.deepEqual([targetOf(x), x.requestBody?.toString()], ['/?a=1', 'b'])
  const headers = ask(`GET / HTTP/1.1\nHost: a\napikey: ${KEY}\napikey: x\n`, config)
  assert.equal(getField(headers.x.request, 'apikey'), null)
})

test('a key is good until its ttl is over, and one of 0 for ever', () => {
  const request = 'GET / HTTP/1.1\nHost: a\napikey: short-lived\n'
  // The kit's credentials were made at second 1000.
  assert.equal(outcomeOf(ask(request, {}, null, 1_059_999)), 'ed')
  assert.equal(outcomeOf(ask(request, {}, null, 1_060_000)), WRONG)
  assert.equal(outcomeOf(ask('GET / HTTP/1.1\nHost: a\napikey: for-ever\n', {}, null, 9e12)), 'ed')
})

test('preflights may be let by unasked, other methods not', () => {
  const request = (method: string) => `${method} / HTTP/1.1\nHost: a\nX-Consumer-ID: forged\n`
  const { x, verdict } = ask(request('OPTIONS'), { run_on_preflight: false })
  assert.equal(verdict, NEXT)
  assert.deepEqual(identityOf(x), {})
  assert.equal(outcomeOf(ask(request('OPTIONS'))), NONE)
  assert.equal(outcomeOf(ask(request('OPTION5'), { run_on_preflight: false })), NONE)
})

test('with anonymous whoever has no valid key goes on as that consumer, and the wrong key is hidden too', () => {
  const config = { anonymous: 'guest', hide_credentials: true }
  assert.equal(outcomeOf(ask('GET / HTTP/1.1\nHost: a\n', config)), 'guest')
  const { x, verdict } = ask('GET /?apikey=wrong HTTP/1.1\nHost: a\n', config)
  assert.equal(verdict, NEXT)
  assert.equal(targetOf(x), '/')
})

test('nothing that is logged or answered holds a key', () => {
  const rig = open({ anonymous: 'nobody' })
  for (const key of [KEY, 'wr0ng']) {
    const { x } = rig.ask(`GET /?apikey=${key} HTTP/1.1\nHost: a\n`)
    const said = [...rig.log, x.faultText, x.detail, JSON.stringify(listFields(x.response))].join()
    assert.ok(!said.includes(key), said)
  }
})

test('it refuses to be bound to a consumer, and names that no header has', () => {
  assert.deepEqual(keyAuth.noScope, ['consumer', 'consumer_group'])
  const { findings } = validate(keyAuth.schema, { key_names: ['a b'] })
  assert.deepEqual(
    findings.map(({ message }) => message),
    ["bad header name, allowed characters are A-Z, a-z, 0-9, '_', and '-'"],
  )
})

test('its defaults are Kong’s', () => {
  assert.deepEqual(validate(keyAuth.schema, {}).value, {
    key_names: ['apikey'],
    hide_credentials: false,
    anonymous: null,
    key_in_header: true,
    key_in_query: true,
    key_in_body: false,
    run_on_preflight: true,
    realm: null,
  })
})

// the rig

type Config = { readonly [field: string]: Value }

function open(config: Config, wallMs = 0): AuthRig {
  return new AuthRig(keyAuth, config, { identities, wallMs })
}

function ask(head: string, config: Config = {}, body: string | null = null, wallMs = 0) {
  return open(config, wallMs).ask(head, body)
}

/** Who it is, or the words of the refusal. */
function outcomeOf({ x, verdict }: { x: Exchange; verdict: number | undefined }): string {
  return verdict === NEXT ? (x.consumer?.username ?? '') : x.faultText
}

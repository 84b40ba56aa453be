/** Whom basic-auth lets pass, where it looks, what a costly hash makes wait, and what it says to whom it refuses. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { AuthRig, identityOf, makeIdentities } from '../../../test/kit/auth-rig.ts'
import { validate } from '../../config/validate.ts'
import type { Exchange, FlowDoor } from '../../contract/exchange.ts'
import type { Identities } from '../../contract/identity/identities.ts'
import type { Offload, Task } from '../../contract/machine/offload.ts'
import { DONE, NEXT, WAIT } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import { addField, getField } from '../../http1/fields.ts'
import basicAuth from './basic-auth.ts'
import { type Asked, checkScrypt, makeScrypt } from './check-scrypt.ts'
import { GIVEN_BYTES_MAX } from './given.ts'

const NAME = 'jo-asks'
const PASSWORD = 's3cret: of jo'
const identities = makeIdentities({
  basicauth_credentials: [
    { consumer: 'id-of-jo', username: NAME, password: sha1(PASSWORD, 'id-of-jo') },
    { consumer: 'id-of-ed', username: 'ä', password: sha1('ü', 'id-of-ed') },
    { consumer: 'id-of-ed', username: 'empty', password: sha1('', 'id-of-ed') },
    { consumer: 'id-of-ed', username: 'plain', password: 'plain' },
  ],
})
const WRONG = 'Unauthorized'

test('a name and its password let the request pass, and the target knows whose they are', () => {
  const { x, verdict } = ask(head(basic(`${NAME}:${PASSWORD}`)))
  assert.equal(verdict, NEXT)
  assert.deepEqual(identityOf(x), {
    'X-Consumer-ID': 'id-of-jo',
    'X-Consumer-Custom-ID': '42',
    'X-Consumer-Username': 'jo',
    'X-Credential-Identifier': NAME,
  })
  assert.equal(x.credentialId, 'basicauth_credentials-0')
  assert.ok(getField(x.request, 'authorization'), 'it stays unless it is to be hidden')
})

for (const [what, field] of [
  ['nothing', ''],
  ['an empty field', 'Authorization:'],
  ['another scheme', `Authorization: Bearer ${encode(`${NAME}:${PASSWORD}`)}`],
  ['no space behind the scheme', `Authorization: Basic${encode(`${NAME}:${PASSWORD}`)}`],
  ['nothing behind the scheme', 'Authorization: Basic'],
  ['no base64', 'Authorization: Basic ?'],
  ['no colon', basic(NAME)],
  ['a colon alone', basic(':')],
  ['a wrong password', basic(`${NAME}:wrong`)],
  ['a password with more behind it', basic(`${NAME}:${PASSWORD}x`)],
  ['a password in another case', basic(`${NAME}:${PASSWORD.toUpperCase()}`)],
  ['no password', basic(`${NAME}:`)],
  ['the hash as a password', basic(`${NAME}:${sha1(PASSWORD, 'id-of-jo')}`)],
  ['a name that nobody has', basic(`nobody:${PASSWORD}`)],
  ['a credential whose hash is none', basic('plain:plain')],
  ['a very long password', basic(`${NAME}:${PASSWORD}${'x'.repeat(GIVEN_BYTES_MAX)}`)],
] as const) {
  test(`${what} is refused with 401, "${WRONG}" and a challenge`, () => {
    const { x, verdict } = ask(head(field))
    assert.deepEqual([verdict, x.faultStatus, x.faultText], [DONE, 401, WRONG])
    assert.equal(getField(x.response, 'www-authenticate'), 'Basic realm="service"')
    assert.equal(x.consumer, null)
  })
}

test('the scheme is told whatever its case, and more than one space may follow it', () => {
  for (const scheme of ['Basic ', 'basic ', 'BASIC ', 'Basic   '])
    assert.equal(outcomeOf(ask(head(`Authorization: ${scheme}${encode(`${NAME}:${PASSWORD}`)}`))), 'jo')
})

test('names and passwords beyond ASCII are UTF-8, and an empty password is one', () => {
  assert.equal(outcomeOf(ask(head(basic('ä:ü')))), 'ed')
  assert.equal(outcomeOf(ask(head(basic('empty:')))), 'ed')
})

test('Proxy-Authorization is tried first, and Authorization where that names nobody', () => {
  const right = basic(`${NAME}:${PASSWORD}`)
  for (const [lines, outcome, hidden] of [
    [[`Proxy-${right}`], 'jo', ['proxy-authorization']],
    [[`Proxy-${right}`, basic('empty:')], 'jo', ['proxy-authorization']],
    [[`Proxy-${basic(`${NAME}:wrong`)}`, right], WRONG, ['proxy-authorization']],
    [[`Proxy-${basic('nobody:x')}`, right], 'jo', ['proxy-authorization', 'authorization']],
    [['Proxy-Authorization: Bearer x', right], 'jo', ['proxy-authorization', 'authorization']],
    [[`Proxy-${basic('nobody:x')}`], WRONG, ['proxy-authorization']],
  ] as const) {
    assert.equal(outcomeOf(ask(head(...lines))), outcome)
    const { x } = ask(head(...lines), { hide_credentials: true })
    for (const field of hidden) assert.equal(getField(x.request, field), null)
    const kept = lines.length > hidden.length
    assert.equal(getField(x.request, 'authorization') !== null, kept)
  }
})

test('of two fields the first counts, and what an earlier plugin has set counts too', () => {
  const right = basic(`${NAME}:${PASSWORD}`)
  assert.equal(outcomeOf(ask(head(right, basic('nobody:x')))), 'jo')
  assert.equal(outcomeOf(ask(head(basic('nobody:x'), right))), WRONG)
  const rig = open()
  const { x } = rig.ask(head())
  addField(x.request, 'authorization', right.slice('Authorization: '.length))
  assert.equal(rig.handler.onRequest?.(x), NEXT)
})

test('the challenge names the realm, of any text', () => {
  const realmOf = (realm: string) => getField(ask(head(), { realm }).x.response, 'www-authenticate') ?? ''
  assert.equal(realmOf('shop'), 'Basic realm="shop"')
  assert.equal(Buffer.from(realmOf('a "b" 鍵'), 'latin1').toString(), 'Basic realm="a \\"b\\" 鍵"')
})

test('with anonymous whoever is not known goes on as that consumer, and who is known is not asked', () => {
  const config = { anonymous: 'guest' }
  assert.equal(outcomeOf(ask(head(), config)), 'guest')
  assert.equal(outcomeOf(ask(head(basic(`${NAME}:wrong`)), config)), 'guest')
  const rig = open(config)
  const { x } = rig.ask(head())
  x.credentialId = 'of an earlier plugin'
  assert.equal(rig.handler.onRequest?.(x), NEXT)
  assert.equal(x.credentialId, 'of an earlier plugin')
})

test('whatever is sent, only the right pair passes', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(PASSWORD.slice(1), `${PASSWORD}\0`, `${PASSWORD}id-of-jo`, PASSWORD),
  )
  fc.assert(
    fc.property(fc.constantFrom(NAME, 'nobody', 'empty'), text, (name, password) => {
      const isRight = (name === NAME && password === PASSWORD) || (name === 'empty' && password === '')
      assert.equal(outcomeOf(ask(head(basic(`${name}:${password}`)))) !== WRONG, isRight)
    }),
  )
})

test('a password with a costly hash is checked elsewhere once, and known from then on', () => {
  const { rig, threads } = openCostly()
  const first = rig.ask(head(basic(`slow:${PASSWORD}`)))
  const door = new Door(first.x)
  assert.equal(first.verdict, WAIT)
  threads.work()
  assert.deepEqual([door.said, first.x.consumer?.username], ['resume', 'ed'])
  assert.equal(outcomeOf(rig.ask(head(basic(`slow:${PASSWORD}`)))), 'ed')
  assert.equal(threads.count, 1)
})

test('the same pair is checked once for all who ask meanwhile', () => {
  const { rig, threads } = openCostly()
  const doors = Array.from({ length: 5 }, () => new Door(rig.ask(head(basic(`slow:${PASSWORD}`))).x))
  const other = new Door(rig.ask(head(basic('slow:other'))).x)
  threads.work()
  assert.deepEqual(
    doors.map((door) => door.said),
    Array(5).fill('resume'),
  )
  assert.deepEqual([other.said, threads.count], ['finish', 2])
})

test('where one hash is costly, a refusal costs a check whomever it names', () => {
  const { rig, threads } = openCostly()
  for (const pair of ['slow:wrong', 'quick:wrong', 'nobody:wrong', 'nobody:', 'quick:']) {
    const before = threads.count
    const { x, verdict } = rig.ask(head(basic(pair)))
    const door = new Door(x)
    assert.equal(verdict, WAIT, pair)
    threads.work()
    assert.deepEqual([door.said, x.faultText, x.consumer], ['finish', WRONG, null], pair)
    assert.equal(threads.count, before + 1, pair)
  }
  assert.deepEqual([...new Set(threads.costs)], ['2 1 1'], 'of one cost')
  assert.equal(outcomeOf(rig.ask(head(basic(`quick:${PASSWORD}`)))), 'jo')
  assert.equal(rig.ask(head()).verdict, DONE, 'who names nobody has nothing to learn')
})

test('a wrong password of somebody whose right one is known is checked all the same, and stays wrong', () => {
  const { rig, threads } = openCostly()
  rig.ask(head(basic(`slow:${PASSWORD}`)))
  threads.work()
  const { x, verdict } = rig.ask(head(basic('slow:wrong')))
  assert.equal(verdict, WAIT)
  threads.work()
  assert.equal(x.faultText, WRONG)
})

test('with anonymous a wrong password goes on once it was checked', () => {
  const { rig, threads } = openCostly({ anonymous: 'guest' })
  const { x } = rig.ask(head(basic('slow:wrong')))
  const door = new Door(x)
  threads.work()
  assert.deepEqual([door.said, x.consumer?.username], ['resume', 'guest'])
})

test('when too many checks wait the answer is 503, also where anonymous would let it pass', () => {
  for (const config of [{}, { anonymous: 'guest' }]) {
    const { rig, threads } = openCostly(config)
    threads.isFull = true
    const { x, verdict } = rig.ask(head(basic(`slow:${PASSWORD}`)))
    assert.deepEqual([verdict, x.fault.code, x.consumer], [DONE, 'TASKS_FULL', null])
    assert.equal(getField(x.response, 'retry-after'), '5')
    threads.isFull = false
    assert.equal(
      rig.ask(head(basic(`slow:${PASSWORD}`))).verdict,
      WAIT,
      'it is not forgotten that none is under way',
    )
  }
})

test('a check that fails lets nobody pass', () => {
  const { rig, threads } = openCostly({ anonymous: 'guest' })
  const { x } = rig.ask(head(basic(`slow:${PASSWORD}`)))
  const door = new Door(x)
  threads.fail('the thread has died')
  assert.deepEqual([door.said, x.fault.code, x.consumer], ['finish', 'PLUGIN_FAILED', null])
  assert.match(x.detail, /the thread has died/)
  assert.equal(rig.ask(head(basic(`slow:${PASSWORD}`))).verdict, WAIT, 'the next one is checked anew')
})

test('the defaults are Kong’s, and nothing else is taken', () => {
  const read = (config: Value) => validate(basicAuth.schema, config)
  assert.deepEqual(read({}).value, { hide_credentials: false, anonymous: null, realm: 'service' })
  assert.equal(read({ realm: 5 }).findings[0]?.message, 'expected a string')
  assert.equal(read({ x: 1 }).findings[0]?.message, 'unknown field')
})

// the rig

type Config = { readonly [field: string]: Value }

function sha1(password: string, consumer: string): string {
  return createHash('sha1')
    .update(password + consumer)
    .digest('hex')
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64')
}

function basic(text: string): string {
  return `Authorization: Basic ${encode(text)}`
}

function head(...lines: readonly string[]): string {
  return `${['GET / HTTP/1.1', 'Host: a', ...lines.filter((line) => line !== '')].join('\n')}\n`
}

function open(config: Config = {}, own: Identities = identities): AuthRig {
  return new AuthRig(basicAuth, config, { identities: own })
}

function ask(text: string, config: Config = {}) {
  return open(config).ask(text)
}

/** Who it is, or the words of the refusal. */
function outcomeOf({ x, verdict }: { x: Exchange; verdict: number | undefined }): string {
  return verdict === NEXT ? (x.consumer?.username ?? '') : x.faultText
}

/** One credential with a costly hash, new each time, and one without. */
function openCostly(config: Config = {}): { rig: AuthRig; threads: Threads } {
  const slow = makeScrypt(Buffer.from(PASSWORD), randomBytes, { ln: 2, r: 1, p: 1 })
  const own = makeIdentities({
    basicauth_credentials: [
      { consumer: 'id-of-ed', username: 'slow', password: slow },
      { consumer: 'id-of-jo', username: 'quick', password: sha1(PASSWORD, 'id-of-jo') },
    ],
  })
  const threads = new Threads()
  return { rig: new AuthRig(basicAuth, config, { identities: own, offload: threads }), threads }
}

/** Works when it is told to. */
class Threads implements Offload {
  isFull = false
  count = 0
  readonly costs: string[] = []
  #waiting: [asked: Asked, done: (output: boolean | null, problem: string) => void][] = []

  task<Input, Output>(from: string, name: string): Task<Input, Output> {
    assert.match(from, /basic-auth/)
    assert.equal(name, 'check-scrypt')
    const run: Task<Asked, boolean>['run'] = (asked, done) => {
      if (this.isFull) return false
      this.count++
      this.costs.push(`${asked.known.ln} ${asked.known.r} ${asked.known.p}`)
      this.#waiting.push([asked, done])
      return true
    }
    return { run } as unknown as Task<Input, Output> // the one task there is
  }

  work(): void {
    for (const [asked, done] of this.#waiting.splice(0)) {
      done(checkScrypt(asked), '')
      assert.ok(
        asked.password.every((byte) => byte === 0),
        'the password is wiped',
      )
    }
  }

  fail(problem: string): void {
    for (const [, done] of this.#waiting.splice(0)) done(null, problem)
  }
}

class Door implements FlowDoor {
  said = ''

  constructor(x: Exchange) {
    x.flow = this
  }

  resume(): void {
    this.said += 'resume'
  }

  finish(): void {
    this.said += 'finish'
  }
}

/**
 * basic-auth — lets pass who sends a name and a password that belong together, and tells the target who that is.
 *
 * HOT     `onRequest` runs once a request. A password with Kong's hash costs one SHA-1, one with a costly hash an HMAC
 *         once it was found right; only then, the first time, does the request wait for another thread.
 */
import { hash, randomBytes } from 'node:crypto'
import { faults } from '../../base/faults.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { Credential, CredentialIndex } from '../../contract/identity/identities.ts'
import type { Task } from '../../contract/machine/offload.ts'
import {
  DONE,
  definePlugin,
  type Handler,
  type Host,
  NEXT,
  type Verdict,
  WAIT,
} from '../../contract/plugin.ts'
import { type Infer, s } from '../../contract/schema.ts'
import { makeConstantField, removeField } from '../../http1/fields.ts'
import { Authentication } from '../../identity/authentication.ts'
import type { Asked } from './check-scrypt.ts'
import { decoyOf } from './decoy.ts'
import { Given } from './given.ts'
import { isSameText } from './same-text.ts'
import { isScrypt } from './scrypt-hash.ts'
import { type OnChecked, SlowChecks } from './slow-checks.ts'
import { Verified } from './verified.ts'

const schema = s.record({
  hide_credentials: s.boolean({
    required: true,
    default: false,
    says: 'Takes the name and the password out of the request before it goes to the target.',
  }),
  anonymous: s.string({
    says: 'Id or username of the consumer as whom a request without a right password goes on, in place of a refusal.',
  }),
  realm: s.string({ required: true, default: 'service', says: 'What WWW-Authenticate names as the realm.' }),
})

type Config = Infer<typeof schema>

const UNAUTHORIZED = 'Unauthorized'
const KEY_BYTES = 32
/** As long as a consumer's id. */
const NOBODY_ID = '00000000-0000-0000-0000-000000000000'
const NO_HASH = '0'.repeat(40)
/** Seconds: the checks that are under way are over by then. */
const RETRY_AFTER = makeConstantField('Retry-After', '5')

/** Of this thread, and of all its plans. */
const verified = new Verified(randomBytes(KEY_BYTES))
const checks = new SlowChecks(verified)
const given = new Given()

export default definePlugin({
  name: 'basic-auth',
  summary: 'Lets pass only requests with the name and the password of a consumer.',
  priority: 1100, // before access rules and limits, which judge by who asks
  schema,
  noScope: ['consumer', 'consumer_group'],
  build: (config, host) => new BasicAuth(config, host),
})

class BasicAuth implements Handler {
  readonly #names: CredentialIndex
  readonly #rules: Authentication
  readonly #hides: boolean
  readonly #decoy: string
  readonly #task: Task<Asked, boolean>

  constructor(config: Config, host: Host) {
    this.#names = host.identities.index('basicauth_credentials', 'username')
    this.#rules = new Authentication({
      anonymous: config.anonymous,
      identifier: 'username',
      // A quoted string (RFC 9110 §5.6.4).
      challenge: `Basic realm="${config.realm.replace(/["\\]/g, '\\$&')}"`,
      host,
    })
    this.#hides = config.hide_credentials
    this.#decoy = decoyOf(host.identities, (count) => host.random(count))
    this.#task = host.offload.task(import.meta.url, 'check-scrypt')
  }

  onRequest(x: Exchange): Verdict {
    if (this.#rules.isDone(x)) return NEXT
    const verdict = this.#decide(x)
    given.wipe()
    return verdict
  }

  /** As in Kong, what names nobody in Proxy-Authorization leaves it to Authorization. */
  #decide(x: Exchange): Verdict {
    let credential = this.#find(x, 'proxy-authorization')
    if (credential === null) credential = this.#find(x, 'authorization')
    if (given.end === 0) return this.#rules.refuse(x, UNAUTHORIZED)
    const stored = credential === null ? NO_HASH : String(credential.read('password'))
    if (isScrypt(stored)) {
      if (verified.has(stored, verified.markOf(given.password()))) return this.#rules.accept(x, credential!)
      return this.#wait(x, credential, stored)
    }
    const salt = credential === null ? NOBODY_ID : credential.consumer.id
    const isRight = isSameText(stored, hash('sha1', given.salted(salt), 'hex'))
    if (isRight && credential !== null) return this.#rules.accept(x, credential)
    return this.#decoy === '' ? this.#rules.refuse(x, UNAUTHORIZED) : this.#wait(x, null, this.#decoy)
  }

  /** Whose name the field holds; null for nobody's, and where it holds none. */
  #find(x: Exchange, field: string): Credential | null {
    const isThere = given.read(x.request, field)
    if (this.#hides) removeField(x.request, field)
    return isThere ? this.#names.find(given.bytes, 0, given.nameEnd) : null
  }

  /** `credential` null: whatever comes of the check, it is refused. */
  #wait(x: Exchange, credential: Credential | null, stored: string): Verdict {
    if (checks.check(this.#task, stored, given.password(), this.#makeWait(x, credential))) return WAIT
    x.fault = faults.TASKS_FULL
    x.detail = 'too many passwords wait to be checked'
    x.response.added.push(RETRY_AFTER)
    return DONE
  }

  /** Only a request whose password is not known to be right costs a closure. */
  #makeWait(x: Exchange, credential: Credential | null): OnChecked {
    return (isRight, problem) => {
      if (problem !== '') this.#fail(x, problem)
      else if (this.#settle(x, isRight ? credential : null) === NEXT) x.flow?.resume(x)
      else x.flow?.finish(x)
    }
  }

  #settle(x: Exchange, credential: Credential | null): Verdict {
    return credential === null ? this.#rules.refuse(x, UNAUTHORIZED) : this.#rules.accept(x, credential)
  }

  #fail(x: Exchange, problem: string): void {
    x.fault = faults.PLUGIN_FAILED
    x.detail = 'a password could not be checked: '.concat(problem)
    x.flow?.finish(x)
  }
}

/**
 * tokens — codes and tokens in the state: made, found, renewed and revoked. Each change is one of the store's, so a
 * crash or a race leaves the old or the new, and never both or neither.
 *
 * A refresh token that is used gives place to a note of it. Whoever comes with it again has it from somebody: the whole
 * family is revoked then, the tokens of the rightful client too, who logs in anew (RFC 9700 §4.14.2). It goes beyond
 * Kong, which only refuses.
 */
import type { Credential, CredentialIndex } from '../../contract/identity/identities.ts'
import { type Condition, NEVER, type StateStore, type Write } from '../../contract/machine/state-store.ts'
import type { Host } from '../../contract/plugin.ts'
import type { Body } from './answers.ts'
import {
  type AccessRecord,
  type CodeRecord,
  type FamilyRecord,
  familyKey,
  type Grant,
  isSpent,
  keyOf,
  makeToken,
  pack,
  type RefreshRecord,
  type Spent,
  unpack,
} from './records.ts'
import type { Config } from './schema.ts'

const CODE_MS = 300_000
/** Longer ones are nobody's, and are not hashed. */
export const TOKEN_LENGTH_MAX = 512
/** Races that are lost before it is given up. */
const TRIES = 4

/** A refresh token as it was found: still good. */
export interface Refreshable {
  readonly key: string
  /** What lies under the key; null: the token stands in the configuration. */
  readonly bytes: Uint8Array | null
  readonly record: RefreshRecord
}

export interface FoundCode {
  readonly key: string
  readonly bytes: Uint8Array
  readonly record: CodeRecord
}

export class Tokens {
  readonly #state: StateStore
  readonly #host: Host
  readonly #config: Config
  readonly #declared: CredentialIndex
  readonly #declaredRefresh: CredentialIndex

  constructor(host: Host, config: Config) {
    this.#state = host.state
    this.#host = host
    this.#config = config
    this.#declared = host.identities.index('oauth2_tokens', 'access_token')
    this.#declaredRefresh = host.identities.index('oauth2_tokens', 'refresh_token')
  }

  async makeCode(record: CodeRecord): Promise<string> {
    const code = this.#token()
    await this.#state.put(keyOf('code', code), pack(record), this.#host.wall() + CODE_MS)
    return code
  }

  async findCode(code: string): Promise<FoundCode | null> {
    const key = keyOf('code', code)
    const bytes = await this.#state.get(key)
    const record = unpack<CodeRecord>(bytes)
    return bytes === null || record === null ? null : { key, bytes, record }
  }

  /** Null: somebody else was quicker with the code. */
  async redeem({ key, bytes, record }: FoundCode): Promise<Body | null> {
    const made = this.#make(record, true, '')
    const write = [{ key, value: null, expiresMs: NEVER }, ...made.write]
    return (await this.#state.commit({ when: [{ key, is: bytes }], write })) ? made.body : null
  }

  async issue(grant: Grant, canRefresh: boolean): Promise<Body> {
    const made = this.#make(grant, canRefresh, '')
    await this.#state.commit({ when: [], write: made.write })
    return made.body
  }

  /** Of a token in the configuration or in the state. Null: there is none, it is revoked or its time is over. */
  async find(token: string): Promise<AccessRecord | null> {
    if (token.length > TOKEN_LENGTH_MAX) return null
    const bytes = Buffer.from(token)
    const declared = this.#declared.find(bytes, 0, bytes.length)
    // One without a refresh token can't have been renewed, and so stands for itself.
    if (declared !== null && declared.read('refresh_token') === null) return this.#ofDeclared(declared)
    const record = unpack<AccessRecord | Spent>(await this.#state.get(keyOf('access', token)))
    if (record === null) return declared === null ? null : this.#ofDeclared(declared)
    return isSpent(record) ? null : record
  }

  #ofDeclared(token: Credential): AccessRecord | null {
    const ends = endOf(token)
    const isOver = (ends !== 0 && ends <= this.#host.wall()) || token.expiresMs <= this.#host.wall()
    return isOver ? null : { ...grantOf(token), ends }
  }

  /** Null: it is not good, and what was made with it may have been revoked just now. */
  async findRefresh(token: string): Promise<Refreshable | null> {
    if (token.length > TOKEN_LENGTH_MAX) return null
    const key = keyOf('refresh', token)
    const bytes = await this.#state.get(key)
    const record = unpack<RefreshRecord | Spent>(bytes)
    if (record === null) return this.#declaredAt(token, key)
    if (!isSpent(record)) return { key, bytes, record }
    await this.#revoke(record.family)
    return null
  }

  #declaredAt(token: string, key: string): Refreshable | null {
    const bytes = Buffer.from(token)
    const declared = this.#declaredRefresh.find(bytes, 0, bytes.length)
    if (declared === null || declared.expiresMs <= this.#host.wall()) return null
    const access = keyOf('access', String(declared.read('access_token')))
    // The token itself: another one may stand in its place in the file one day.
    return { key, bytes: null, record: { ...grantOf(declared), family: key, access } }
  }

  /** Null: it is not good any more. */
  async renew(token: string, found: Refreshable, tries = TRIES): Promise<Body | null> {
    const { record, key, bytes } = found
    const keeps = this.#config.reuse_refresh_token
    const made = this.#make(record, true, record.family, keeps ? token : '')
    const old: Write[] = [this.#overAccess(record, bytes === null)]
    // One in the configuration would be good again the day its note is forgotten.
    const expiresMs = bytes === null ? NEVER : this.#refreshEnd()
    if (!keeps) old.push({ key, value: spentBy(record.family), expiresMs })
    const when: Condition[] = [{ key, is: bytes }]
    if (await this.#state.commit({ when, write: [...old, ...made.write] })) return made.body
    // Somebody has used it at this very moment: both come with the same token, and one of them has stolen it.
    const again = await this.findRefresh(token)
    return keeps && again !== null && tries > 1 ? this.renew(token, again, tries - 1) : null
  }

  /** What stands in the configuration can't be taken out of it. */
  #overAccess({ access, family }: RefreshRecord, isDeclared: boolean): Write {
    return { key: access, value: isDeclared ? spentBy(family) : null, expiresMs: NEVER }
  }

  async #revoke(family: string): Promise<void> {
    const key = familyKey(family)
    for (let tries = 0; tries < TRIES; tries++) {
      const bytes = await this.#state.get(key)
      const last = unpack<FamilyRecord>(bytes)
      if (last === null) return
      const write = [key, last.access, last.refresh].map((each) => ({
        key: each,
        value: null,
        expiresMs: NEVER,
      }))
      if (!(await this.#state.commit({ when: [{ key, is: bytes }], write }))) continue
      this.#host.log(
        'warn',
        'oauth2: a refresh token was used twice: all tokens of its family are revoked',
        {},
      )
      return
    }
  }

  /** `kept`: the refresh token that stays; '': a new one. */
  #make(grant: Grant, canRefresh: boolean, family: string, kept = ''): { body: Body; write: Write[] } {
    const { token_expiration: seconds } = this.#config
    const { credential, service, scope, user } = grant
    const access = this.#token()
    const accessKey = keyOf('access', access)
    const ends = seconds > 0 ? this.#host.wall() + 1000 * seconds : 0
    const write: Write[] = [
      {
        key: accessKey,
        value: pack({ credential, service, scope, user, ends } satisfies AccessRecord),
        expiresMs: ends === 0 ? NEVER : ends,
      },
    ]
    const head = { token_type: 'bearer', access_token: access }
    if (seconds <= 0) return { body: head, write }
    const lifetime = { expires_in: seconds }
    if (!canRefresh) return { body: { ...head, ...lifetime }, write }
    const id = family === '' ? this.#host.random(16).toString('hex') : family
    const refresh = kept === '' ? this.#token() : kept
    const refreshKey = keyOf('refresh', refresh)
    const expiresMs = this.#refreshEnd()
    const record: RefreshRecord = { credential, service, scope, user, family: id, access: accessKey }
    write.push({ key: refreshKey, value: pack(record), expiresMs })
    write.push({
      key: familyKey(id),
      value: pack({ access: accessKey, refresh: refreshKey } satisfies FamilyRecord),
      expiresMs,
    })
    return { body: { refresh_token: refresh, ...head, ...lifetime }, write }
  }

  #refreshEnd(): number {
    const seconds = this.#config.refresh_token_ttl
    return seconds > 0 ? this.#host.wall() + 1000 * seconds : NEVER
  }

  #token(): string {
    return makeToken((count) => this.#host.random(count))
  }
}

function spentBy(family: string): Uint8Array {
  return pack({ spent: true, family } satisfies Spent)
}

function grantOf(token: Credential): Grant {
  return {
    credential: String(token.read('credential')),
    service: textOf(token, 'service'),
    scope: textOf(token, 'scope'),
    user: textOf(token, 'authenticated_userid'),
  }
}

function textOf(token: Credential, name: string): string | null {
  const value = token.read(name)
  return typeof value === 'string' && value !== '' ? value : null
}

/** Milliseconds; 0: never. */
function endOf(token: Credential): number {
  const seconds = Number(token.read('expires_in'))
  return seconds > 0 ? 1000 * (Number(token.read('created_at')) + seconds) : 0
}

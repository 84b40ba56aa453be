/**
 * openid-bearer — lets pass who sends a bearer token of an issuer elsewhere: a JWT signed by one of its keys, or a
 * token that it vouches for when asked.
 *
 * A token that was checked before costs one look-up. Nothing is asked of the issuer on a request's way but for its
 * first keys, a key that is new, and a token that says nothing itself; only the requests that need it wait meanwhile.
 */
import type { Exchange } from '../../contract/exchange.ts'
import { definePlugin, type Handler, type Host, NEXT, type Verdict, WAIT } from '../../contract/plugin.ts'
import { findRow, removeField } from '../../http1/fields.ts'
import { STRIDE } from '../../http1/head.ts'
import { isMethod } from '../../http1/method.ts'
import { setAuthenticatedGroups } from '../../identity/authenticated-groups.ts'
import { Authentication } from '../../identity/authentication.ts'
import { dropIdentity } from '../../identity/identity-fields.ts'
import { bearerStart } from '../../identity/jose/bearer.ts'
import type { KeySet } from '../../identity/jose/key-set.ts'
import { TOKEN_BYTES_MAX, Token } from '../../identity/jose/token.ts'
import { TokenMemory } from '../../identity/jose/token-memory.ts'
import { ClaimRules } from './claim-rules.ts'
import { Introspection, type Told } from './introspection.ts'
import { type Issuer, openIssuer } from './issuer.ts'
import { JwtJudge, NO_KEYS, UNKNOWN_KEY } from './jwt-judge.ts'
import { type Outcome, Outcomes } from './outcome.ts'
import { Refusals } from './refusals.ts'
import { type Config, schema } from './schema.ts'

export default definePlugin({
  name: 'openid-bearer',
  summary: 'Lets pass only requests with a bearer token of an OpenID Connect or OAuth 2.0 issuer.',
  priority: 1420, // behind jwt, before access rules and limits
  schema,
  noScope: ['consumer', 'consumer_group'],
  build: (config, host) => new OpenidBearer(config, host),
})

const DOT = 46

class OpenidBearer implements Handler {
  readonly #rules: Authentication
  readonly #refusals: Refusals
  readonly #claims: ClaimRules
  readonly #outcomes: Outcomes
  readonly #known: TokenMemory<Outcome>
  readonly #issuer: Issuer
  readonly #judge: JwtJudge
  /** The keys that what is known was judged by. */
  #judgedBy: KeySet | null = null
  /** Null where the issuer is not asked about tokens. */
  readonly #introspection: Introspection | null
  readonly #giveBack: () => void
  readonly #config: Config
  readonly #host: Host

  constructor(config: Config, host: Host) {
    const { anonymous } = config
    this.#rules = new Authentication({
      anonymous,
      identifier: 'id',
      challenge: 'Bearer',
      host,
    })
    this.#refusals = new Refusals(this.#rules, config)
    this.#claims = new ClaimRules(config)
    this.#outcomes = new Outcomes(config, this.#claims, host)
    this.#known = new TokenMemory(host)
    const { issuer, giveBack } = openIssuer(config, host)
    this.#issuer = issuer
    this.#giveBack = giveBack
    this.#judge = new JwtJudge(config, this.#claims, new Token())
    this.#introspection = config.introspect ? new Introspection(config, issuer, host) : null
    this.#config = config
    this.#host = host
  }

  onRequest(x: Exchange): Verdict {
    this.#outcomes.fields.drop(x.request)
    if (!this.#config.run_on_preflight && isMethod(x.request, 'OPTIONS')) return this.#rules.passBy(x)
    if (this.#rules.isDone(x)) return NEXT
    const head = x.request
    const row = findRow(head, 'authorization', 0)
    if (row < 0) return this.#refusals.noToken(x)
    const end = head.spans[row * STRIDE + 3]!
    const start = bearerStart(head.bytes, head.spans[row * STRIDE + 2]!, end)
    if (start === end) return this.#refusals.noToken(x)
    // Of two nobody can say which one the target would take.
    if (findRow(head, 'authorization', row + 1) >= 0) return this.#refusals.invalid(x, 'there are several')
    this.#issuer.refresh()
    this.#forgetOldKeys()
    const known = this.#known.find(head.bytes, start, end, this.#host.wall())
    if (known !== null) return this.#accept(x, known)
    if (end - start > TOKEN_BYTES_MAX) return this.#refusals.invalid(x, 'it is too long')
    // A copy: the exchange's bytes are not ours while the issuer is asked.
    const token = Buffer.from(head.bytes.subarray(start, end))
    return dotsIn(token) === 2 ? this.#checkJwt(x, token, true) : this.#askAbout(x, token)
  }

  close(): void {
    this.#known.close()
    this.#introspection?.close()
    this.#giveBack()
  }

  /** What was signed by a key that the issuer has withdrawn is to be looked at again. */
  #forgetOldKeys(): void {
    if (this.#judgedBy === this.#issuer.keys) return
    this.#judgedBy = this.#issuer.keys
    this.#known.clear()
  }

  #checkJwt(x: Exchange, token: Buffer, mayWait: boolean): Verdict {
    const nowMs = this.#host.wall()
    const judged = this.#judge.judge(token, this.#issuer.keys, nowMs)
    if (judged === NO_KEYS || judged === UNKNOWN_KEY) {
      if (mayWait && this.#issuer.wait(() => this.#goOn(x, () => this.#checkJwt(x, token, false))))
        return WAIT
      return judged === NO_KEYS || this.#issuer.isAway
        ? this.#refusals.away(x)
        : this.#refusals.invalid(x, 'it is signed by a key that is not known')
    }
    if (typeof judged === 'string') return this.#refusals.invalid(x, judged)
    this.#forgetOldKeys()
    const outcome = this.#outcomes.make(judged)
    this.#known.openPlace(token, nowMs, this.#claims.endOf(judged), outcome)
    return this.#accept(x, outcome)
  }

  #askAbout(x: Exchange, token: Buffer): Verdict {
    const introspection = this.#introspection
    if (introspection === null) return this.#refusals.invalid(x, 'it is no JWT')
    if (introspection.isInactive(token)) return this.#refusals.invalid(x, 'it is not active')
    const text = token.toString('latin1')
    const isAsked = introspection.ask(text, (told) => this.#goOn(x, () => this.#checkTold(x, token, told)))
    return isAsked ? WAIT : this.#refusals.away(x)
  }

  #checkTold(x: Exchange, token: Buffer, told: Told): Verdict {
    if (told === null) return this.#refusals.away(x)
    if (told === false) return this.#refusals.invalid(x, 'it is not active')
    const nowMs = this.#host.wall()
    const problem = this.#claims.problemOfTold(told, nowMs)
    if (problem !== '') return this.#refusals.invalid(x, problem)
    const outcome = this.#outcomes.make(told)
    const untilMs = Math.min(this.#claims.endOf(told), nowMs + this.#config.introspection_ttl * 1000)
    this.#known.openPlace(token, nowMs, untilMs, outcome)
    return this.#accept(x, outcome)
  }

  /** The wait is over. What is left of it is one request's, and so is what goes wrong. */
  #goOn(x: Exchange, decide: () => Verdict): void {
    let verdict: Verdict
    try {
      verdict = decide()
    } catch (error) {
      this.#host.log('error', `openid-bearer: ${error instanceof Error ? error.message : String(error)}`, {
        request: x.requestId.latin1Slice(0, x.requestId.length),
      })
      verdict = this.#refusals.away(x)
    }
    if (verdict === NEXT) x.flow?.resume(x)
    else x.flow?.finish(x)
  }

  #accept(x: Exchange, outcome: Outcome): Verdict {
    if (outcome.lack === 'scope') return this.#refusals.noScope(x)
    if (outcome.lack === 'consumer') return this.#refusals.noConsumer(x)
    if (this.#config.hide_credentials) removeField(x.request, 'authorization')
    if (outcome.credential !== null) this.#rules.accept(x, outcome.credential)
    else {
      dropIdentity(x.request)
      // An earlier plugin may have let it pass as the anonymous consumer, whose rights are not this token's.
      x.consumer = null
      x.credentialId = outcome.credentialId
    }
    if (outcome.groups !== null) setAuthenticatedGroups(x, outcome.groups)
    for (const field of outcome.fields) x.request.added.push(field)
    return NEXT
  }
}

function dotsIn(token: Uint8Array): number {
  let count = 0
  for (const byte of token) if (byte === DOT) count++
  return count
}

/** What openid-bearer can be told. */
import { type Infer, s, type Value } from '../../contract/schema.ts'
import { ALGORITHMS } from '../../identity/jose/verifier.ts'
import { UNTOUCHABLE_IN_REQUESTS } from '../../transform/header-rules.ts'

/** A secret that issuer and gateway share would let the gateway make tokens: HS algorithms are not for this plugin. */
const PUBLIC_ALGORITHMS = ALGORITHMS.filter((name) => !name.startsWith('HS'))
const DAY = 86_400

const HEADER_NAME: readonly [string, string] = ['^[A-Za-z0-9-]+$', 'bad header name']

export const schema = s.record(
  {
    issuer: s.string({
      required: true,
      custom: urlRule,
      says: 'Who makes the tokens: its URL, to the letter as their claim `iss` has it.',
    }),
    jwks_uri: s.string({
      custom: urlRule,
      says: "Where the issuer's keys are; absent: its `/.well-known/openid-configuration` says so.",
    }),
    algorithms: s.set(s.string({ one_of: PUBLIC_ALGORITHMS }), {
      required: true,
      default: PUBLIC_ALGORITHMS,
      len_min: 1,
      says: 'Algorithms that a token may be signed by.',
    }),
    audience: s.array(s.string(), {
      required: true,
      default: [],
      says: 'Whom a token must be for: one of these in its claim `aud`. Empty: not asked, so tokens for others count too.',
    }),
    scopes: s.array(s.string(), {
      required: true,
      default: [],
      says: 'Scopes that a token must have, all of them, in its claim `scope` or `scp`.',
    }),
    leeway: s.integer({
      required: true,
      default: 30,
      between: [0, 300],
      says: "Seconds that the issuer's clock may differ from ours.",
    }),
    consumer_claim: s.string({ says: 'The claim that names a consumer; absent: no consumer is looked for.' }),
    consumer_by: s.array(s.string({ one_of: ['username', 'custom_id'] }), {
      required: true,
      default: ['username', 'custom_id'],
      says: 'By what `consumer_claim` finds a consumer.',
    }),
    consumer_optional: s.boolean({
      required: true,
      default: false,
      says: 'A good token passes also where it names no consumer that there is.',
    }),
    groups_claim: s.string({ says: 'The claim whose texts are groups for acl.' }),
    upstream_headers: s.map(s.string({ match: HEADER_NAME, custom: freeRule }), s.string(), {
      required: true,
      default: {},
      says: 'Headers that the target gets, each with the claim it is made of. What a client sends under them never reaches it.',
    }),
    hide_credentials: s.boolean({
      required: true,
      default: false,
      says: 'Takes Authorization out of the request before it goes to the target.',
    }),
    introspect: s.boolean({
      required: true,
      default: false,
      says: 'Asks the issuer about tokens that are no JWT (RFC 7662).',
    }),
    introspection_endpoint: s.string({
      custom: urlRule,
      says: 'Where to ask; absent: the discovery document says so.',
    }),
    client_id: s.string({ says: 'As whom the gateway asks.' }),
    client_secret: s.string({ encrypted: true, referenceable: true, says: 'The password of `client_id`.' }),
    introspection_ttl: s.integer({
      required: true,
      default: 60,
      between: [0, DAY],
      says: 'Seconds that an answer counts at most: a token that is revoked may still pass for so long.',
    }),
    jwks_refresh: s.integer({
      required: true,
      default: 3600,
      between: [1, DAY],
      says: 'Seconds after which the keys are fetched anew.',
    }),
    jwks_cooldown: s.integer({
      required: true,
      default: 30,
      between: [1, DAY],
      says: 'Seconds there are at least between two fetches because of a key that is not known.',
    }),
    timeout: s.integer({
      required: true,
      default: 5000,
      between: [1, 60_000],
      says: 'Milliseconds that an answer of the issuer may take, all of it.',
    }),
    ssl_verify: s.boolean({
      required: true,
      default: true,
      says: "Whether the issuer's certificate is checked.",
    }),
    anonymous: s.string({
      says: 'Id or username of the consumer as whom a request without a good token goes on, in place of a refusal.',
    }),
    run_on_preflight: s.boolean({
      required: true,
      default: true,
      says: 'Whether OPTIONS requests need a token too.',
    }),
    realm: s.string({ says: 'What WWW-Authenticate names as the realm.' }),
  },
  {
    entity_checks: [
      {
        name: 'introspection',
        fields: ['introspect', 'client_id', 'client_secret'],
        check: (config) =>
          config['introspect'] === true && (config['client_id'] === null || config['client_secret'] === null)
            ? 'introspect needs client_id and client_secret'
            : null,
      },
    ],
  },
)

export type Config = Infer<typeof schema>

/** A claim that came to a Content-Length, say, would let its issuer smuggle requests. */
function freeRule(name: Value): string | null {
  return UNTOUCHABLE_IN_REQUESTS.has(String(name).toLowerCase()) ? "it is the gateway's to write" : null
}

function urlRule(value: Value): string | null {
  const url = URL.canParse(String(value)) ? new URL(String(value)) : null
  if (url === null || !/^https?:$/.test(url.protocol)) return 'expected an http or https URL'
  return url.username === '' && url.password === '' ? null : 'a URL here may hold no password'
}

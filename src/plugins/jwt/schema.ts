/** What jwt can be told: the fields of Kong's plugin of this name. */
import { type Infer, s } from '../../contract/schema.ts'

/** A year: the longest that Kong lets a token last. */
const SECONDS_MAX = 31_536_000

export const schema = s.record({
  uri_param_names: s.set(s.string(), {
    default: ['jwt'],
    says: 'Arguments of the query that a token may be in.',
  }),
  cookie_names: s.set(s.string(), { default: [], says: 'Cookies that a token may be in.' }),
  key_claim_name: s.string({
    default: 'iss',
    says: 'The claim, or else the header parameter, that holds the `key` of the credential.',
  }),
  secret_is_base64: s.boolean({
    required: true,
    default: false,
    says: 'The secrets of credentials for HS256, HS384 and HS512 are base64.',
  }),
  claims_to_verify: s.set(s.string({ one_of: ['exp', 'nbf'] }), {
    says: 'Claims that must be there and hold: `exp`, when it ends; `nbf`, when it begins.',
  }),
  anonymous: s.string({
    says: 'Id or username of the consumer as whom a request without a valid token goes on, in place of a refusal.',
  }),
  run_on_preflight: s.boolean({
    required: true,
    default: true,
    says: 'Whether OPTIONS requests need a token too.',
  }),
  maximum_expiration: s.number({
    default: 0,
    between: [0, SECONDS_MAX],
    says: 'Seconds that a token may last from now on at most; 0: any.',
  }),
  header_names: s.set(s.string(), {
    default: ['authorization'],
    says: 'Headers that a token may be in, behind `Bearer`.',
  }),
  realm: s.string({ says: 'What WWW-Authenticate names as the realm.' }),
})

export type Config = Infer<typeof schema>

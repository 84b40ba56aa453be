/** The configuration of oauth2. */
import { type Infer, s, type Value } from '../../contract/schema.ts'

const FLOWS = [
  'enable_authorization_code',
  'enable_implicit_grant',
  'enable_client_credentials',
  'enable_password_grant',
] as const

const flow = (says: string) => s.boolean({ required: true, default: false, says })

export const schema = s.record(
  {
    scopes: s.array(s.string(), { says: 'The scopes there are; without any, scopes are not looked at.' }),
    mandatory_scope: s.boolean({
      required: true,
      default: false,
      says: 'Whether a client has to ask for a scope.',
    }),
    provision_key: s.string({
      auto: true,
      unique: true,
      encrypted: true,
      says: 'The secret that your login page proves itself with. Without one each load makes a new one that nobody knows.',
    }),
    token_expiration: s.number({
      required: true,
      default: 7200,
      says: 'Seconds an access token is valid; 0 is for ever, and without a refresh token.',
    }),
    enable_authorization_code: flow('Allows the authorization code grant.'),
    enable_implicit_grant: flow('Allows the implicit grant.'),
    enable_client_credentials: flow('Allows the client credentials grant.'),
    enable_password_grant: flow('Allows the password grant.'),
    hide_credentials: s.boolean({
      required: true,
      default: false,
      says: 'Takes the access token out of header, query or form before the request goes to the target.',
    }),
    accept_http_if_already_terminated: s.boolean({
      default: false,
      says: 'Accepts plain HTTP from a trusted proxy that says X-Forwarded-Proto: https.',
    }),
    anonymous: s.string({
      says: 'Id or username of the consumer as whom a request without a valid token goes on, in place of a refusal.',
    }),
    global_credentials: s.boolean({
      default: false,
      says: 'Tokens are valid on every service whose oauth2 has this too, and not only where they were made.',
    }),
    auth_header_name: s.string({
      default: 'authorization',
      says: 'The header that access tokens, and the names of clients, are sent in.',
    }),
    refresh_token_ttl: s.number({
      required: true,
      default: 1_209_600,
      between: [0, 100_000_000],
      says: 'Seconds a refresh token is valid; 0 is for ever.',
    }),
    reuse_refresh_token: s.boolean({
      required: true,
      default: false,
      says: 'Keeps the refresh token when it is used, in place of giving a new one for it.',
    }),
    pkce: s.string({
      default: 'lax',
      one_of: ['none', 'lax', 'strict'],
      says: 'Who has to prove that a code is theirs (RFC 7636): nobody, public clients, or all.',
    }),
    realm: s.string({ says: 'What WWW-Authenticate names as the realm.' }),
  },
  {
    entity_checks: [
      {
        name: 'flows',
        check: (config: { [key: string]: Value }) =>
          FLOWS.some((name) => config[name] === true)
            ? null
            : `at least one of these fields must be true: ${FLOWS.join(', ')}`,
      },
      {
        name: 'mandatory scope',
        fields: ['mandatory_scope', 'scopes'],
        check: (config: { [key: string]: Value }) =>
          config['mandatory_scope'] === true && (config['scopes'] ?? null) === null
            ? "failed conditional validation given value of field 'mandatory_scope'"
            : null,
        blames: ['scopes', 'required field missing'],
      },
    ],
  },
)

export type Config = Infer<typeof schema>

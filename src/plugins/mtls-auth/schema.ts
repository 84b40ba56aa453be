/** What mtls-auth can be told: the fields of Kong's plugin of this name, and how the certificate goes to the target. */
import { type Infer, s, type Value } from '../../contract/schema.ts'

const WITHOUT_EFFECT = 'Accepted, without effect: nothing is asked of anybody else.'

export const schema = s.record({
  ca_certificates: s.array(s.string({ uuid: true }), {
    required: true,
    len_min: 1,
    says: 'Ids of the ca_certificates that may vouch for clients.',
  }),
  anonymous: s.string({
    says: 'Id or username of the consumer as whom a request without a valid certificate goes on, in place of a refusal.',
  }),
  consumer_by: s.array(s.string({ one_of: ['username', 'custom_id'] }), {
    required: true,
    default: ['username', 'custom_id'],
    says: "By what a certificate's names find a consumer, where no mtls_auth_credentials have them.",
  }),
  default_consumer: s.string({
    says: 'Id or username of the consumer as whom goes on whose valid certificate is no consumer’s.',
  }),
  skip_consumer_lookup: s.boolean({
    required: true,
    default: false,
    says: 'A valid certificate is enough: no consumer is looked for.',
  }),
  authenticated_group_by: s.string({
    default: 'CN',
    one_of: ['CN', 'DN'],
    says: 'With skip_consumer_lookup: what of the subject is the group that acl goes by.',
  }),
  allow_partial_chain: s.boolean({
    required: true,
    default: false,
    says: 'One of ca_certificates ends the chain also where another authority has signed it.',
  }),
  depth: s.integer({
    required: true,
    default: 3,
    between: [0, 9],
    says: "Authorities there may be between the client's certificate and the trusted one.",
  }),
  forward_certificate: s.string({
    required: true,
    default: 'off',
    one_of: ['off', 'fields', 'client-cert', 'both'],
    says: 'Tells the target: `fields` by X-Client-Cert and its like, `client-cert` by RFC 9440.',
  }),
  revocation_check_mode: s.string({
    required: true,
    default: 'SKIP',
    custom: revocationRule,
    says: 'SKIP or IGNORE_CA_ERROR, which mean the same: revocation is not checked.',
  }),
  cache_ttl: s.number({ default: 60, says: WITHOUT_EFFECT }),
  cert_cache_ttl: s.number({ default: 60000, says: WITHOUT_EFFECT }),
  http_timeout: s.number({ default: 30000, says: WITHOUT_EFFECT }),
  http_proxy_host: s.string({ says: WITHOUT_EFFECT }),
  http_proxy_port: s.integer({ between: [0, 65535], says: WITHOUT_EFFECT }),
  send_ca_dn: s.boolean({ default: false, says: WITHOUT_EFFECT }),
})

export type Config = Infer<typeof schema>

function revocationRule(value: Value): string | null {
  if (value === 'SKIP' || value === 'IGNORE_CA_ERROR') return null
  return value === 'STRICT'
    ? 'revocation is not checked here, so STRICT can not be kept; use SKIP'
    : 'expected one of: SKIP, IGNORE_CA_ERROR, STRICT'
}

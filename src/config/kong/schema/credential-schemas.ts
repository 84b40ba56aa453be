/** Credentials: what consumers prove themselves with, by the plugin that reads them. */
import { createHash, createPublicKey, pbkdf2Sync } from 'node:crypto'
import { type EntityCheck, type Field, s, type Value } from '../../../contract/schema.ts'
import { isScrypt, scryptProblem } from '../../../plugins/basic-auth/scrypt-hash.ts'
import { type EntityDefinition, entityRecord, type FinishTools, onText, type RawRecord } from './entity.ts'

const consumer = s.foreign('consumers', { required: true })
const text = s.string()
const unique = s.string({ required: true, unique: true })
const auto = s.string({ required: true, auto: true, unique: true })
/** Taken as it stands, a reference would be a secret that everybody knows who has seen the file. */
const FROM_VAULT = { encrypted: true, referenceable: true } as const
const secret = s.string({ auto: true, ...FROM_VAULT })
/** What is presented as it is, and so proves who presents it. */
const bearer = s.string({ required: true, auto: true, unique: true, ...FROM_VAULT })
const password = s.string({ required: true, ...FROM_VAULT, custom: onText(scryptProblem) })
const ttl = s.integer({ between: [0, 100000000] })

/** What came out of a vault is held to the rules of `field` here, as a reference is not. */
function resolved(field: string, rule: (text: string) => string | null = () => null): EntityCheck {
  const check: EntityCheck['check'] = (entity) => {
    const value = entity[field]
    if (value === '') return `${field}: the vault has no value, and an empty one would be known to everybody`
    return typeof value === 'string' ? rule(value) : null
  }
  return { name: `${field} from a vault`, fields: [field], check }
}

interface Keys {
  readonly idFields?: readonly string[]
  readonly unique: readonly (readonly string[])[]
  readonly finish?: (entity: RawRecord, tools: FinishTools) => void
}

/** Those with generated keys have no name that an id could be derived from. */
function credential(name: string, schema: Field, keys: Keys): EntityDefinition {
  return { name, schema, referenceKey: null, idFields: null, ...keys }
}

const JWT_ALGORITHMS = ['HS', 'RS', 'ES', 'PS'].flatMap((kind) => [`${kind}256`, `${kind}384`, `${kind}512`])

function publicKeyRule(value: Value): string | null {
  try {
    createPublicKey(String(value))
    return null
  } catch {
    // What OpenSSL says of it helps nobody; Kong says no more either.
    return 'invalid key'
  }
}

function hashPassword(entity: RawRecord, tools: FinishTools): void {
  const { password, consumer: owner } = entity
  // A costly hash has a salt of its own, and is what is kept either way.
  if (!tools.transform || typeof password !== 'string' || isScrypt(password)) return
  // The consumer's id is the salt, which is why ids have to be stable over reloads.
  entity['password'] = createHash('sha1')
    .update(`${password}${String(owner)}`)
    .digest('hex')
}

const HASH_ROUNDS = 10_000

function hashSecret(entity: RawRecord, tools: FinishTools): void {
  const plain = entity['client_secret']
  if (entity['hash_secret'] !== true || !tools.transform || typeof plain !== 'string') return
  const salt = tools.random(16)
  const hash = pbkdf2Sync(plain, salt, HASH_ROUNDS, 32, 'sha512')
  entity['client_secret'] = `$pbkdf2-sha512$i=${HASH_ROUNDS},l=32$${base64(salt)}$${base64(hash)}`
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}

function redirectRule(value: Value): string | null {
  const uri = String(value)
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:\/?\/?[^\s]+$/.test(uri)) return `cannot parse '${uri}'`
  return uri.includes('#') ? `fragment not allowed in '${uri}'` : null
}

const jwtSecrets = entityRecord(
  {
    consumer,
    key: auto,
    secret,
    rsa_public_key: s.string({ custom: publicKeyRule }),
    algorithm: s.string({ default: 'HS256', one_of: [...JWT_ALGORITHMS, 'EdDSA'] }),
  },
  {
    entity_checks: [
      {
        name: 'public key',
        fields: ['algorithm', 'rsa_public_key'],
        check: (jwt) =>
          jwt['rsa_public_key'] === null && !String(jwt['algorithm']).startsWith('HS')
            ? "failed conditional validation given value of field 'algorithm'"
            : null,
        blames: ['rsa_public_key', 'required field missing'],
      },
      resolved('secret'),
    ],
  },
)

/** Kong Enterprise's: a name in certificates, of a certain authority where it says one. */
const mtlsAuthCredentials = entityRecord({
  consumer,
  subject_name: s.string({ required: true }),
  ca_certificate: s.foreign('ca_certificates'),
})

const oauth2Credentials = entityRecord(
  {
    consumer,
    name: s.string({ required: true }),
    client_id: auto,
    client_secret: secret,
    hash_secret: s.boolean({ required: true, default: false }),
    redirect_uris: s.array(s.string({ custom: redirectRule })),
    client_type: s.string({ default: 'confidential', one_of: ['confidential', 'public'] }),
  },
  { entity_checks: [resolved('client_secret')] },
)

const oauth2Tokens = entityRecord(
  {
    credential: s.foreign('oauth2_credentials', { required: true }),
    service: s.foreign('services'),
    token_type: s.string({ required: true, default: 'bearer', one_of: ['bearer'] }),
    expires_in: s.integer({ required: true }),
    access_token: bearer,
    refresh_token: s.string({ unique: true, encrypted: true }),
    authenticated_userid: text,
    scope: text,
    ttl,
  },
  { entity_checks: [resolved('access_token')] },
)

const keyauthCredentials = entityRecord({ consumer, key: bearer, ttl }, { entity_checks: [resolved('key')] })

const basicauthCredentials = entityRecord(
  { consumer, username: unique, password },
  { entity_checks: [resolved('password', scryptProblem)] },
)

const hmacauthCredentials = entityRecord(
  { consumer, username: unique, secret },
  { entity_checks: [resolved('secret')] },
)

export const credentials: readonly EntityDefinition[] = [
  credential('keyauth_credentials', keyauthCredentials, { unique: [['key']] }),
  credential('basicauth_credentials', basicauthCredentials, {
    idFields: ['username'],
    unique: [['username']],
    finish: hashPassword,
  }),
  credential('hmacauth_credentials', hmacauthCredentials, {
    idFields: ['username'],
    unique: [['username']],
  }),
  credential('jwt_secrets', jwtSecrets, { unique: [['key']] }),
  credential('acls', entityRecord({ consumer, group: s.string({ required: true }) }), {
    idFields: ['consumer', 'group'],
    unique: [['consumer', 'group']],
  }),
  credential('mtls_auth_credentials', mtlsAuthCredentials, { unique: [['subject_name', 'ca_certificate']] }),
  credential('oauth2_credentials', oauth2Credentials, {
    // What was given to one application goes by its id, and is not for the one that takes its place in the file.
    idFields: ['consumer', 'client_id'],
    unique: [['client_id']],
    finish: hashSecret,
  }),
  credential('oauth2_tokens', oauth2Tokens, { unique: [['access_token'], ['refresh_token']] }),
]

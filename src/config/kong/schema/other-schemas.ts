/** Consumers, consumer groups, vaults, keys and key sets. */
import { s, type Value } from '../../../contract/schema.ts'
import { type EntityDefinition, entityRecord, uniqueName } from './entity.ts'

export const consumers: EntityDefinition = {
  name: 'consumers',
  referenceKey: 'username',
  idFields: ['username'],
  unique: [['username'], ['custom_id']],
  schema: entityRecord(
    { username: s.string({ unique: true }), custom_id: s.string({ unique: true }) },
    {
      entity_checks: [
        {
          name: 'named',
          fields: ['username', 'custom_id'],
          check: (consumer) =>
            consumer['username'] === null && consumer['custom_id'] === null
              ? "at least one of these fields must be non-empty: 'custom_id', 'username'"
              : null,
        },
      ],
    },
  ),
}

export const consumerGroups: EntityDefinition = {
  name: 'consumer_groups',
  referenceKey: 'name',
  idFields: ['name'],
  unique: [['name']],
  schema: entityRecord({ name: s.string({ required: true, unique: true }) }),
}

/** Who is in which group: written as `consumers[].groups`. */
export const consumerGroupConsumers: EntityDefinition = {
  name: 'consumer_group_consumers',
  referenceKey: null,
  idFields: ['consumer_group', 'consumer'],
  unique: [['consumer_group', 'consumer']],
  schema: entityRecord({
    consumer: s.foreign('consumers', { required: true }),
    consumer_group: s.foreign('consumer_groups', { required: true }),
  }),
}

const VAULT_TYPES = ['env']

function prefixRule(value: Value): string | null {
  return VAULT_TYPES.includes(String(value)) ? `must not be one of: ${VAULT_TYPES.join(', ')}` : null
}

function vaultTypeRule(value: Value): string | null {
  return VAULT_TYPES.includes(String(value)) ? null : `vault '${String(value)}' is not installed`
}

const cacheTime = s.number()

export const vaults: EntityDefinition = {
  name: 'vaults',
  referenceKey: 'prefix',
  idFields: ['prefix'],
  unique: [['prefix']],
  schema: entityRecord({
    prefix: s.string({
      required: true,
      unique: true,
      match: ['^[a-z][a-z0-9-]*[a-z0-9]+$', 'invalid value: expected lower-case letters, digits and dashes'],
      custom: prefixRule,
    }),
    name: s.string({ required: true, custom: vaultTypeRule }),
    description: s.string(),
    config: s.record(
      {
        prefix: s.string({
          match: ['^[A-Za-z_][A-Za-z0-9_]*$', 'invalid value: expected letters, digits and _'],
        }),
        base64_decode: s.boolean(),
        ttl: cacheTime,
        neg_ttl: cacheTime,
        resurrect_ttl: cacheTime,
      },
      { required: true },
    ),
  }),
}

export const keySets: EntityDefinition = {
  name: 'key_sets',
  referenceKey: 'name',
  idFields: ['name'],
  unique: [['name']],
  schema: entityRecord({ name: uniqueName }),
}

function jwkRule(value: Value): string | null {
  try {
    const jwk: unknown = JSON.parse(String(value))
    return typeof jwk === 'object' && jwk !== null && 'kty' in jwk ? null : 'could not load JWK: kty missing'
  } catch {
    // The text is a secret: what is wrong with it is not quoted.
    return 'could not json decode jwk string'
  }
}

export const keys: EntityDefinition = {
  name: 'keys',
  referenceKey: 'name',
  idFields: ['name'],
  unique: [['name'], ['kid', 'set']],
  schema: entityRecord(
    {
      name: uniqueName,
      set: s.foreign('key_sets'),
      kid: s.string({ required: true }),
      jwk: s.string({ referenceable: true, encrypted: true, custom: jwkRule }),
      pem: s.record({
        private_key: s.string({ referenceable: true, encrypted: true }),
        public_key: s.string({ referenceable: true }),
      }),
    },
    {
      entity_checks: [
        {
          name: 'jwk or pem',
          fields: ['jwk', 'pem'],
          check: (key) =>
            (key['jwk'] === null) === (key['pem'] === null)
              ? "exactly one of these fields must be non-empty: 'jwk', 'pem'"
              : null,
        },
      ],
    },
  ),
}
